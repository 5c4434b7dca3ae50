# Recognise handwritten digits on the board, with digits_cnn.tmdl and tinymaix_cnn.mpy beside this.
import tinymaix_cnn

# From the test split. A pixel is 0 to 16, which is one digit in base 17.
PICTURES = """
0007c000
004g8000
00cb0000
00fa8610
00fg8a80
00e700c0
008b05g2
0009ee50

00bg8000
06gbd900
07g09g00
02fcgg30
00577g40
00005g50
0037gb00
00dgb100

008fc400
05e4b700
0001e300
002fe100
0008db00
00000d50
00c23c70
00dgf800
"""

model = tinymaix_cnn.load("digits_cnn.tmdl")
for picture in PICTURES.strip().split("\n\n"):
    image = bytes(15 * int(pixel, 17) for pixel in picture.replace("\n", ""))
    print(picture.replace("0", "."))
    print("this is a", model.predict(image))
