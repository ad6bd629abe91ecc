"""Makes a Crashpad database with one pending report and runs the handler until it has sent it. Prints what the server answered.

usage: crashpad-report.py <handler> <new folder> <url> <minidump> [name=value annotation]
The layout of report metadata is that of crashpad's client/crash_report_database_generic.cc.
"""
import os
import socket
import struct
import subprocess
import sys
import time
import uuid

handler, database, url, dump = sys.argv[1:5]
annotations = ["--annotation=" + text for text in sys.argv[5:]]
for name in ("pending", "completed", "new", "attachments"):
    os.makedirs(os.path.join(database, name))
report = str(uuid.uuid4())
with open(dump, "rb") as source, open(os.path.join(database, "pending", report + ".dmp"), "wb") as target:
    target.write(source.read())
# Version 1, no attempts, made now, "the upload was asked for": such a report goes out at once.
with open(os.path.join(database, "pending", report + ".meta"), "wb") as target:
    target.write(struct.pack("<iiqqB7x", 1, 0, 0, int(time.time()), 2))
os.makedirs(os.path.join(database, "attachments", report))
with open(os.path.join(database, "attachments", report, "log.txt"), "w") as target:
    target.write("the last words")
ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
arguments = [handler, "--database=" + database, "--url=" + url, "--initial-client-fd=%d" % theirs.fileno()] + annotations
child = subprocess.Popen(arguments, pass_fds=[theirs.fileno()])
answer = os.path.join(database, "completed", report + ".meta")
until = time.time() + 60
try:
    while time.time() < until:
        if os.path.exists(answer) and os.path.getsize(answer) > 32:
            with open(answer, "rb") as source:
                print(source.read()[32:].decode())
            sys.exit(0)
        time.sleep(0.1)
    sys.exit("the handler sent nothing within a minute")
finally:
    child.kill()
