# Merged into emltrees.mpy: C cannot close a file when reading it raises.


def load(source):
    model = _new()
    if isinstance(source, str):
        with open(source, "rb") as file:
            load_model(model, file)
    else:
        load_model(model, source)
    return model
