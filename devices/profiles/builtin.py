"""Devices that everybody may choose without measuring: rooflines from published facts.

Nothing here is measured. Peaks are cores · GHz · FLOP per cycle.
"""

from devices.profiles.profile import Device, Profile, Provenance, Runtime

NOT_MEASURED = (
    "A roofline from published facts, not measured on a device. Latencies are good to about 60 %; "
    "upload times that were measured on yours before a limit rests on them."
)


def analytic() -> list[Profile]:
    """Returns the analytic profiles; each has no rows, only facts."""
    return [_raspberry_pi_4b(), _snapdragon_8_gen_2()]


def _raspberry_pi_4b() -> Profile:
    return _profile(
        "Raspberry Pi 4B, 4 threads (analytic)",
        Device(
            kind="cpu",
            vendor="Raspberry Pi",
            model="Raspberry Pi 4B",
            soc="Broadcom BCM2711, 4×Cortex-A72 at 1.8 GHz",
            memory_bytes=2**30,
            peak_flops={"fp32": 57.6e9},
            peak_is_dense=True,
            bandwidth_bytes_per_s=12.8e9,
            power_w={"idle": 3.1, "active": 6.1},
            facts_source=(
                "Peak: 4 cores · 1.8 GHz · 8 FLOP per cycle. Bandwidth: 32 bit · 3200 MT/s "
                "(zbotic.in, circuitdigest.com; another page gives 2000 MT/s). Power: 5.1 V times "
                "0.6 A idle and 1.2 A under stress (raspberrypi/documentation, power supplies). "
                "Memory: the smallest model; others have up to 8 GB."
            ),
        ),
        threads=4,
    )


def _snapdragon_8_gen_2() -> Profile:
    return _profile(
        "Snapdragon 8 Gen 2, one Cortex-X3 core (analytic)",
        Device(
            kind="mobile",
            vendor="Qualcomm",
            model="Snapdragon 8 Gen 2",
            soc="Cortex-X3 at 3.2 GHz",
            memory_bytes=8 * 2**30,
            peak_flops={"fp32": 102.4e9},
            peak_is_dense=True,
            bandwidth_bytes_per_s=67.2e9,
            facts_source=(
                "Peak: 1 core · 3.2 GHz · 32 FLOP per cycle. Bandwidth: LPDDR5X, 64 bit · "
                "8400 MT/s, shared by all cores (notebookcheck, phoneworld). Power: unknown. "
                "Memory: phones with it have 8 to 16 GB."
            ),
        ),
        threads=1,
    )


def _profile(name: str, device: Device, *, threads: int) -> Profile:
    return Profile(
        name=name,
        device=device,
        runtime=Runtime(engine="analytic", dtype="fp32", batch=1, threads=threads),
        provenance=Provenance(kind="analytic", tool="webnas", notes=NOT_MEASURED),
        overhead_ms=0.0,
    )
