#!/usr/bin/env python3
import shutil,sys
shutil.copy(sys.argv[-2],sys.argv[-1])
