# Runs on a board, beside emlfeatures.mpy, emltrees.mpy, motion.py and activity.csv: what exercise
# does the arm do? Of a sensor, or of clip.npy where there is none.
from array import array

import emlfeatures
import emltrees
import motion

front = emlfeatures.load("activity.csv")
model = emltrees.load("activity.csv")
row = front.row()
chunk = array("h", [0] * 3 * 64)  # 64 times x, y, z

readinto = motion.source()
while readinto(chunk):
    if front.push(chunk, row):
        print(model.classes[model.predict(row)])
