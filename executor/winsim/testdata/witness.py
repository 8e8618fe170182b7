"""Runs commands through pywinrm as its README does. Reads one JSON object on standard input, writes one on standard output."""
import json
import sys

import winrm

asked = json.load(sys.stdin)
session = winrm.Session(
    asked["url"],
    auth=(asked["user"], asked["password"]),
    transport=asked["transport"],
    message_encryption=asked["encryption"],
    ca_trust_path=asked["ca"] or None,
    operation_timeout_sec=1,
    read_timeout_sec=30,
)
answers = []
for command, *arguments in asked["commands"]:
    try:
        ran = session.run_cmd(command, arguments)
    except Exception as err:  # what the test wants to hear of is any of them
        answers.append({"Error": f"{type(err).__name__}: {err}"})
        continue
    answers.append({"Out": ran.std_out.decode(), "Err": ran.std_err.decode(), "Code": ran.status_code})
json.dump(answers, sys.stdout)
