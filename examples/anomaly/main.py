# On a board, beside emlfeatures.mpy, emltrees.mpy, emlknn.mpy, motion.py, anomaly.csv: is it
# the usual movement? A forest says so that learnt from others, and emlknn that learns it here.
from array import array

import emlfeatures
import emlknn
import emltrees
import motion

LESSONS = 12  # windows

front = emlfeatures.load("anomaly.csv")
others = emltrees.load("anomaly.csv")
own = emlknn.new(LESSONS, front.n_features, 1)
limit = 0
row = front.row()
chunk = array("h", [0] * 3 * 64)

readinto = motion.source()
while readinto(chunk):
    if front.push(chunk, row):
        answer = "usual" if others.predict(row) == 1 else "novel"
        if len(own) == LESSONS:
            print(answer, "usual" if own.novelty(row) <= limit else "novel")
            continue
        if len(own) > LESSONS // 2:  # how far a window of the same movement is from those before
            limit = max(limit, 2 * own.novelty(row))
        own.additem(row, 0)
        print(answer, "learnt")
