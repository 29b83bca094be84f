# SPDX-License-Identifier: GPL-2.0-only
"""The emulated machine: which processors there are, what Bochs and the kernel
are told about them, and the Bochs process."""
import os
import pty
import signal
import subprocess
import threading
import time

# Instructions a second of emulated time.  It sets how much work there is
# between two timer ticks (96,000 instructions) and how long a delay loop is;
# 24 MHz keeps both small.  The kernel is told the same as the frequency of
# the time-stamp counter, which Bochs counts in instructions whatever the
# model's CPUID says, so that all clocks agree.
IPS = 24_000_000

# Kernel options for every model.
#   idle=halt: Bochs's MONITOR/MWAIT may miss a wake-up
#   cryptomgr.notests: six seconds of self-tests at every boot
#   initcall_blacklist: a second for names of enumerations in trace events and
#   for kprobes by tracefs, which nobody looks at here
APPEND = ["console=ttyS0,115200", f"tsc_early_khz={IPS // 1000}",
          "idle=halt", "cryptomgr.notests",
          "initcall_blacklist=trace_eval_init,init_kprobe_trace"]

# Names of ours: Bochs's model and the kernel options that it needs (a later
# clearcpuid takes the place of an earlier one).
#   xsaves, xsavec: with Bochs's compacted form a restore now and then faults
#   ("Bad FPU state detected"), on both models
#   avx512f: Bochs reports too small an area; the kernel warns and gives up
#   XSAVE
MODELS = {"intel": ("corei7_skylake_x", ["clearcpuid=avx512f,xsaves,xsavec"]),
          "amd": ("ryzen", ["clearcpuid=xsaves,xsavec"])}

RC = """\
romimage: file=/usr/share/bochs/BIOS-bochs-latest, options=fastboot
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
optromimage1: file={temp}/rom, address={rom:#x}
optramimage1: file={temp}/memory, address={address:#x}
memory: guest={mem}, host={mem}
cpu: model={model}, count={cpus}, ips={ips}, reset_on_triple_fault=0, \
mwait_is_nop=1
clock: sync=none, time0=1700000000
display_library: term
vga: extension=none, update_freq=1
boot: cdrom
ata0: enabled=0
ata1: enabled=0
floppya: type=none
speaker: enabled=0
plugin_ctrl: parallel=0, gameport=0, biosdev=0
log: {temp}/bochs.log
panic: action=fatal
error: action=report
info: action=ignore
debug: action=ignore
"""


def model(name):
    """Bochs's name of a model and the kernel options it needs."""
    return MODELS.get(name, (name, []))


def configure(temp, **values):
    """Writes bochsrc and the debugger's script, which only says: go on."""
    with open(os.path.join(temp, "bochsrc"), "w") as out:
        out.write(RC.format(temp=temp, ips=IPS, **{
            k: v for k, v in values.items() if k != "ports"}))
        for number, fd in enumerate(values["ports"], 1):
            out.write(f"com{number}: enabled=1, mode=file, "
                      f"dev=/dev/fd/{fd}\n")
    with open(os.path.join(temp, "rc"), "w") as out:
        out.write("c\n")


class Terminal:
    """The terminal that Bochs wants for its screen and its debugger: nobody
    looks at it, but it must be read or Bochs stops."""

    def __init__(self):
        self.ours, self.theirs = pty.openpty()
        self.said = b""
        self.thread = threading.Thread(target=self.drain, daemon=True)

    def started(self):
        os.close(self.theirs)
        self.thread.start()

    def drain(self):
        while True:
            try:
                data = os.read(self.ours, 65536)
            except OSError:
                return
            if not data:
                return
            self.said = (self.said + data)[-65536:]

    def ask(self, process, commands, seconds=3):
        """What the debugger says when it is asked in the middle of a run."""
        before = self.said
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        for command in commands:
            os.write(self.ours, command.encode() + b"\n")
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.1)
        at = self.said.find(before[-200:])
        return self.said[at + len(before[-200:]):]

    def last_words(self):
        """What Bochs said when it gave up, without the screen's contents."""
        text = self.said.decode("utf-8", "replace").replace("\r", "")
        at = text.rfind("Bochs is exiting")
        return text[at:] if at >= 0 else ""


def start(temp, ports, terminal, die_with_parent):
    """The Bochs process."""
    guard = os.getpid()
    env = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "TERM": "vt100",
           "HOME": temp, "LC_ALL": "C", "ALSA_CONFIG_PATH": "/dev/null"}
    return subprocess.Popen(
        ["bochs-bin", "-q", "-f", os.path.join(temp, "bochsrc"),
         "-rc", os.path.join(temp, "rc")],
        stdin=terminal.theirs, stdout=terminal.theirs, stderr=terminal.theirs,
        pass_fds=ports, cwd=temp, env=env, start_new_session=True,
        preexec_fn=lambda: die_with_parent(guard))
