"""`python -m thinktalk` is the `thinktalk` command."""

import sys

from thinktalk.cli import main

sys.exit(main())
