# Runs on a board, for activity/main.py and anomaly/main.py: where acceleration comes from.
#
# source() returns a function that fills an array('h') with x, y, z in turn, 50 times a second and
# 4096 counts a g, as the recordings have it. It returns how many bytes it has filled, 0 at the end.
# ruff: noqa: D100, D103, PTH123, SIM115

MPU6050 = 0x68
# Registers: on; 1 kHz / 20; a low-pass of 44 Hz; a range of 8 g.
SETTINGS = ((0x6B, 0), (0x19, 19), (0x1A, 3), (0x1C, 0x10))
STATUS, ACCELERATION = 0x3A, 0x3B
NPY_HEADER = 128  # bytes, as numpy.save writes it


def sensor():
    # An MPU6050; OSError if there is none on these pins.
    from machine import I2C, Pin

    i2c = I2C(0, scl=Pin(1), sda=Pin(0), freq=400000)
    for register, value in SETTINGS:
        i2c.writeto_mem(MPU6050, register, bytes((value,)))
    status, sample = bytearray(1), bytearray(6)

    def readinto(chunk):
        for i in range(0, len(chunk), 3):
            status[0] = 0
            while not status[0] & 1:  # until there is a new sample
                i2c.readfrom_mem_into(MPU6050, STATUS, status)
            i2c.readfrom_mem_into(MPU6050, ACCELERATION, sample)
            for axis in range(3):  # big-endian
                value = sample[2 * axis] << 8 | sample[2 * axis + 1]
                chunk[i + axis] = (value ^ 0x8000) - 0x8000
        return 2 * len(chunk)

    return readinto


def clip(path):
    # A recording of whole chunks.
    file = open(path, "rb")
    file.seek(NPY_HEADER)
    return file.readinto


def source():
    try:
        return sensor()
    except (ImportError, OSError):
        return clip("clip.npy")
