# Each line of the input is a case, each line of the output what the verifier says of it.
import base64
import json
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parents[3] / "src" / "docs" / "verifiers"))
from verify import verify  # noqa: E402

for line in sys.stdin:
    case = json.loads(line)
    print(str(verify(case["secret"], case["header"], base64.b64decode(case["body"]))).lower())
