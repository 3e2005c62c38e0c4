"""Random schedules of faults and kills against real processes, each judged by an oracle."""

import signal

# A shell starts what ends with `&` with this signal ignored; clients are sent it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
