"""stub until merged"""


def central_sentences(index, source, *, count):
    mine = [i for i in index.passage_ids if i.split(".")[0] == source.id]
    return [(p, 0) for p in index.passages(mine)[:count]]
