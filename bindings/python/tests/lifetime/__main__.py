import sys

from lifetime import PROGRAMS

PROGRAMS[sys.argv[1]][0](sys.argv[2])
