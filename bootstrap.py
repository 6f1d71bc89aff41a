"""Prepare the Python environment, then hand over to the embedded default.

Standard library only, and readable by any Python 3.7 or newer, because it is what runs before
anything is installed: find an interpreter, make `.venv`, install the hashed lock, stamp it.
Everything after that lives in `returns_portal.local`.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import json
import os
import shutil
import ssl
import subprocess
import sys
import time
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: the embedded servers do not exist there either.
    fcntl = None  # type: ignore[assignment]

ROOT = Path(__file__).resolve().parent
VENV = Path(os.environ.get("RP_VENV") or ROOT / ".venv")
STAMP = VENV / "installed.json"
MINIMUM = (3, 11)
CANDIDATES = ("python3.13", "python3.12", "python3.11", "python3.14", "python3")
UV_VERSION = "0.13.8"
UV_LOCK = ROOT / "requirements-uv.lock"
LOCKS = {"runtime": ROOT / "requirements.lock", "dev": ROOT / "requirements-dev.lock"}
PROFILE_OF_COMMAND = dict.fromkeys(["run", "bench"], "runtime")
PROFILE_OF_COMMAND.update(dict.fromkeys(["test", "setup", "exec"], "dev"))
PANGO_LIBRARIES = ("libpangoft2-1.0.so.0", "libharfbuzz-subset.so.0")
PANGO_PACKAGES = ["libpangoft2-1.0-0", "libharfbuzz-subset0"]
# Playwright's driver is a Node.js that needs libatomic; the browser is Debian's own.
NODE_LIBRARY = "libatomic.so.1"
BROWSER_PACKAGES = ["chromium", "libatomic1"]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
STARTED = time.monotonic()


class BootstrapError(Exception):
    """Carry the one sentence that tells a person what to do."""


def say(text):
    """Print one progress line with the seconds since the start."""
    print(f"[{time.monotonic() - STARTED:5.1f}s] {text}", flush=True)


def output_of(command, **options):
    """Return a command's standard output, or None when it cannot run or fails."""
    try:
        done = subprocess.run(
            [str(part) for part in command],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=True,
            **options,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "replace").strip()


def python_version(interpreter):
    """Return an interpreter's version as a tuple, or None when it does not start."""
    text = output_of([interpreter, "-c", "import sys; print('%d.%d.%d' % sys.version_info[:3])"])
    if text is None:
        return None
    return tuple(int(part) for part in text.split("."))


def find_interpreter():
    """Return the interpreter that makes the environment: this one, else one on the PATH."""
    if sys.version_info[:2] >= MINIMUM:
        return sys.executable
    for name in CANDIDATES:
        found = shutil.which(name)
        if found and (python_version(found) or (0,))[:2] >= MINIMUM:
            return found
    raise BootstrapError(
        "Python 3.11 or newer is needed and this machine only has "
        f"{sys.version_info[0]}.{sys.version_info[1]}: install it "
        "(Debian 12 and newer: apt-get install python3 python3-venv) and run this again."
    )


def digest(path):
    """Return the SHA-256 of a lock file; it names the installed set."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as missing:
        raise BootstrapError(
            f"{path.name} is missing from the checkout: restore it with `git checkout {path.name}`."
        ) from missing


def venv_python():
    """Return the path of the environment's interpreter."""
    return VENV / "bin" / "python"


def read_stamp():
    """Return what the last finished install wrote, or an empty dict."""
    try:
        return json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}


def write_stamp(**facts):
    """Replace the stamp in one step, so that it is whole or absent."""
    draft = STAMP.with_suffix(".new")
    draft.write_text(json.dumps(facts, indent=2) + "\n")
    draft.replace(STAMP)


def is_installed(profile):
    """Tell whether the environment already holds this lock, by the stamp of a finished install."""
    stamp = read_stamp()
    if not stamp:
        return False
    version = python_version(venv_python())
    if version is None or list(version[:2]) != stamp.get("python"):
        return False
    # The development lock is a superset of the runtime lock.
    wanted = ["dev"] if profile == "dev" else ["runtime", "dev"]
    return any(
        stamp.get("profile") == name
        and stamp.get("lock") == digest(LOCKS[name])
        and stamp.get("runtime_lock") == digest(LOCKS["runtime"])
        for name in wanted
    )


@contextlib.contextmanager
def one_at_a_time():
    """Let only one bootstrap install into the environment; a second one waits."""
    try:
        (ROOT / ".data").mkdir(exist_ok=True)
        handle = open(ROOT / ".data" / "install.lock", "w")
    except OSError as refused:
        raise BootstrapError(
            f"The folder {ROOT} cannot be written ({refused.strerror}): "
            "run this from a checkout that belongs to you."
        ) from refused
    with handle:
        if fcntl is not None:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                say("Waiting for another install in this folder to finish")
                fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def ensure_environment(profile):
    """Make the environment hold exactly the locked packages of a profile."""
    if is_installed(profile):
        return
    with one_at_a_time():
        if is_installed(profile):
            return
        previous = read_stamp()
        if profile == "runtime" and previous.get("profile") == "dev":
            profile = "dev"
        if VENV.exists() and not STAMP.exists():
            say("Finishing an install that was not completed")
        if STAMP.exists():
            STAMP.unlink()
        interpreter = find_interpreter()
        ensure_venv(interpreter)
        install_lock(LOCKS[profile], interpreter)
        version = python_version(venv_python())
        write_stamp(
            profile=profile,
            lock=digest(LOCKS[profile]),
            runtime_lock=digest(LOCKS["runtime"]),
            python=list(version[:2]),
        )
        say("Python packages are ready")


def ensure_venv(interpreter):
    """Create `.venv`, or rebuild it when its interpreter is gone or of another version."""
    wanted = python_version(interpreter)
    found = python_version(venv_python())
    if found is not None and found[:2] >= MINIMUM:
        return
    if VENV.exists():
        if not (VENV / "pyvenv.cfg").exists() and any(VENV.iterdir()):
            raise BootstrapError(
                f"{VENV} exists and is not a Python environment: move it away and run this again."
            )
        say("Rebuilding the Python environment, its interpreter is gone")
        shutil.rmtree(VENV)
    say(f"Creating the Python environment in {VENV.name} (Python {'.'.join(map(str, wanted))})")
    made = subprocess.run(
        [interpreter, "-m", "venv", "--without-pip", str(VENV)], capture_output=True
    )
    if made.returncode != 0:
        said = (made.stderr or made.stdout).decode("utf-8", "replace").split("\n")
        reason = next((line.strip() for line in reversed(said) if line.strip()), "no reason given")
        raise BootstrapError(
            f"The Python environment could not be created ({reason}): install the "
            "venv module (Debian: apt-get install python3-venv) and run this again."
        )


def pip_command(interpreter):
    """Return a pip that can install into the environment without being part of the lock."""
    if output_of([venv_python(), "-m", "pip", "--version"]):
        return [str(venv_python()), "-m", "pip"]
    outside = output_of([interpreter, "-m", "pip", "--version"])
    if outside and tuple(int(n) for n in outside.split()[1].split(".")[:2]) >= (22, 3):
        return [interpreter, "-m", "pip", "--python", str(venv_python())]
    if output_of([venv_python(), "-m", "ensurepip", "--version"]) is None and can_apt():
        apt_install(["python3-venv"], "pip for the Python environment")
    if output_of([venv_python(), "-m", "ensurepip", "--default-pip"]) is None:
        raise BootstrapError(
            "This Python has neither pip nor ensurepip: install them "
            "(Debian: apt-get install python3-venv) and run this again."
        )
    return [str(venv_python()), "-m", "pip"]


def ensure_uv(interpreter):
    """Return the pinned uv, installing it into the environment's own tool folder, or None."""
    wanted = f"uv {UV_VERSION}"
    own = VENV / "tools" / "bin" / "uv"
    for candidate in (own, shutil.which("uv")):
        if candidate and (output_of([candidate, "--version"]) or "").startswith(wanted):
            return str(candidate)
    say(f"Fetching the installer (uv {UV_VERSION})")
    pip = pip_command(interpreter)
    tools = VENV / "tools"
    shutil.rmtree(tools, ignore_errors=True)
    fetched = subprocess.run(
        [*pip, "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        + ["--require-hashes", "--target", str(tools), "-r", str(UV_LOCK)]
    )
    if fetched.returncode == 0 and output_of([own, "--version"]):
        return str(own)
    say("uv does not run here; pip does the work, which takes a few minutes")
    return None


def installer_environment():
    """Return an environment in which uv follows the machine's pip and certificate settings."""
    environment = dict(os.environ)
    paths = ssl.get_default_verify_paths()
    if paths.cafile or (paths.capath and any(Path(paths.capath).glob("*"))):
        # uv brings its own list; the machine's may hold a company's own authority as well.
        environment.setdefault("UV_SYSTEM_CERTS", "1")
    for source, target in (("PIP_INDEX_URL", "UV_DEFAULT_INDEX"), ("PIP_CERT", "SSL_CERT_FILE")):
        if environment.get(source) and not environment.get(target):
            environment[target] = environment[source]
    environment.pop("VIRTUAL_ENV", None)
    return environment


def run_quietened(command, environment):
    """Run uv and pass on what it does, without its list of every single package."""
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) as running:
        for line in running.stderr or ():
            text = line.decode("utf-8", "replace").rstrip()
            if text and text[:3] not in (" + ", " - ", " ~ "):
                print(f"         {text}", flush=True)
    return running.returncode == 0


def install_lock(lock, interpreter):
    """Install exactly a lock file, checking every hash."""
    uv = ensure_uv(interpreter)
    count = sum(1 for line in lock.read_text().splitlines() if line[:1].isalnum())
    say(f"Installing up to {count} locked packages from {lock.name}")
    environment = installer_environment()
    if uv:
        command = [uv, "pip", "sync", "--python", str(venv_python()), "--require-hashes"]
        if run_quietened([*command, str(lock)], environment):
            return
        say("uv could not install them; trying pip, which takes a few minutes")
    command = [*pip_command(interpreter), "install", "--require-hashes", "--quiet", "-r", str(lock)]
    if subprocess.run(command, env=environment).returncode != 0:
        raise BootstrapError(
            "The packages could not be installed (the reason is above): check the network "
            "and free disk space, then run this again; it goes on where it stopped."
        )


def can_apt():
    """Tell whether this process may install Debian packages."""
    return hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get") is not None


def apt_install(packages, purpose):
    """Install Debian packages; True when it worked."""
    say(f"Installing {' '.join(packages)} ({purpose})")
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]

    def quietly(command):
        done = subprocess.run(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment
        )
        return done.returncode == 0

    # A fresh image has no package lists yet; an old one may have stale ones.
    return quietly(install) or (quietly(["apt-get", "update", "-qq"]) and quietly(install))


def has_library(name):
    """Tell whether the dynamic linker finds a shared library; only Linux is asked."""
    if not sys.platform.startswith("linux"):
        return True
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def ensure_system_packages(profile):
    """Install the optional system packages where allowed, else print the line that would.

    Nothing here stops the start: without Pango the built-in PDF engine is used, without a
    browser the browser tests skip. A failed attempt is not repeated on every start.
    """
    wanted = {}
    if not all(map(has_library, PANGO_LIBRARIES)):
        wanted["PDF labels through WeasyPrint"] = PANGO_PACKAGES
    if profile == "dev" and not (any(map(shutil.which, BROWSERS)) and has_library(NODE_LIBRARY)):
        wanted["browser tests"] = BROWSER_PACKAGES
    if profile == "dev" and not shutil.which("pdftoppm"):
        wanted["tests that read PDFs"] = ["poppler-utils"]
    stamp = read_stamp()
    refused = stamp.get("refused_packages", [])
    for purpose, packages in wanted.items():
        may_try = can_apt() and (packages[0] not in refused or bool(os.environ.get("CI")))
        if may_try and apt_install(packages, purpose):
            continue
        if may_try:
            refused = [*refused, packages[0]]
            write_stamp(**dict(stamp, refused_packages=refused))
        command = f"apt-get install --no-install-recommends {' '.join(packages)}"
        say(f"Going on without {purpose}; to have it, run as root: {command}")


def hand_over(command, arguments):
    """Replace this process by the embedded default, running in the environment."""
    elapsed = time.monotonic() - STARTED
    environment = dict(os.environ, PYTHONPATH=str(ROOT), RP_ELAPSED=f"{elapsed:.2f}")
    # Without byte code every child would compile Django again at each start.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    environment.pop("PYTHONHOME", None)
    target = [str(venv_python()), "-m", "returns_portal.local", command, *arguments]
    sys.stdout.flush()
    os.chdir(ROOT)
    os.execve(target[0], target, environment)


def main(arguments):
    """Run one of `run`, `bench`, `test`, `setup`, `exec`; return the exit status."""
    command, rest = (arguments[0] if arguments else ""), arguments[1:]
    if command not in PROFILE_OF_COMMAND:
        print("Usage: ./run [--reset] [--port N] [--no-seed], ./test [pytest arguments], ./bench")
        return 2
    profile = PROFILE_OF_COMMAND[command]
    try:
        if fcntl is None:
            raise BootstrapError(
                "The embedded default runs on Linux and macOS; here, use docker compose or WSL."
            )
        ensure_environment(profile)
        ensure_system_packages(profile)
    except BootstrapError as problem:
        print(f"\n{problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. Run it again and it goes on where it stopped.", file=sys.stderr)
        return 130
    if command == "setup":
        say("The development environment is ready")
        return 0
    hand_over(command, rest)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
