# Teach a board poses of an accelerometer: hold a pose, press its button, it is learnt.
#
# Saved after each lesson, what was learnt survives a reset. Without a board, as here,
# SimulatedBoard stands in for the sensor and the buttons; see README.md for a real one.
import array
import random

import emlknn

FILE = "poses.csv"
POSES = ("flat", "left side", "right side", "upside down")


class SimulatedBoard:
    """Presses each button five times in its pose, then shows each pose once more."""

    GRAVITY = ((0, 0, 1000), (1000, 0, 0), (-1000, 0, 0), (0, 0, -1000))  # milli-g

    def __init__(self, lessons):
        self.steps = [(pose, pose) for _ in range(lessons) for pose in range(4)]
        self.steps += [(pose, None) for pose in range(4)]

    def read(self, out):
        """Fill out with x, y, z; return the button that is pressed, None if none, and the pose."""
        pose, button = self.steps.pop(0)
        for axis in range(3):
            out[axis] = self.GRAVITY[pose][axis] + random.randint(-150, 150)
        return button, pose

    def on(self):
        return len(self.steps) > 0


def restore():
    try:
        model = emlknn.load(FILE)
        print("restored", len(model), "lessons")
    except OSError:
        # The last 40 lessons count: whoever holds the board now is learnt anew.
        model = emlknn.new(40, 3, 3, ring=True)
        print("nothing learnt yet")
    return model


def run(board):
    model = restore()
    features = array.array("h", [0, 0, 0])
    right = shown = 0
    while board.on():
        button, pose = board.read(features)
        if button is not None:
            model.additem(features, button)
            model.save(FILE)  # a reset in the meantime leaves the old file
        elif len(model) >= 3:
            label = model.predict(features)
            distance = int(model.novelty(features))
            print(list(features), "is", POSES[label], "- distance to what was learnt:", distance)
            right += label == pose
            shown += 1
    print(right, "of", shown, "right")


random.seed(3)
run(SimulatedBoard(5))
print("-- reset --")
run(SimulatedBoard(0))
