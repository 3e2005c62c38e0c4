"""Random schedules of faults and kills against real processes, each judged by an oracle."""
