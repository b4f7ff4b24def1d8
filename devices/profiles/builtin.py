"""Devices that everybody may choose without measuring: rooflines from published facts.

Nothing here is measured. Peaks are dense; those of processors are cores · GHz · FLOP per cycle.
Devices whose memory bandwidth nobody states are missing: a roofline needs both roofs. The
exception are microcontrollers, whose time is nearly proportional to the multiply-accumulates under
one runtime (5 % mean error over 8 networks of TinyEngine's own table).
"""

from devices.profiles.profile import Device, Profile, Provenance, Runtime

NOT_MEASURED = (
    "A roofline from published facts, not measured on a device. Latencies are good to about 60 %; "
    "upload times that were measured on yours before a limit rests on them."
)

LAUNCHES = (
    "At batch 1 the start of each kernel, taken to be 5 µs, decides about small networks; measure "
    "before you trust their order."
)


def analytic() -> list[Profile]:
    """Returns the analytic profiles; each has no rows, only facts."""
    processors = [_raspberry_pi_4b(), _snapdragon_8_gen_2(), _raspberry_pi_5(), _core_i7_13700k()]
    gpus = [_jetson_nano(), _jetson_orin_nano(), *_geforce(), _h200()]
    return [*processors, *gpus, *_stm32()]


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


def _raspberry_pi_5() -> Profile:
    return _profile(
        "Raspberry Pi 5, 4 threads (analytic)",
        Device(
            kind="cpu",
            vendor="Raspberry Pi",
            model="Raspberry Pi 5",
            soc="Broadcom BCM2712, 4×Cortex-A76 at 2.4 GHz",
            memory_bytes=4 * 2**30,
            peak_flops={"fp32": 153.6e9, "fp16": 307.2e9},
            peak_is_dense=True,
            bandwidth_bytes_per_s=17.1e9,
            facts_source=(
                "Peak: 4 cores · 2.4 GHz · 16 FLOP per cycle, twice that in fp16. Bandwidth: "
                "32 bit LPDDR4X at 4267 MT/s (circuitdigest.com, singleboard.org). Power: "
                "unknown. Memory: the smallest model of 2024; others have up to 16 GB."
            ),
        ),
        threads=4,
    )


def _core_i7_13700k() -> Profile:
    return _profile(
        "Intel Core i7-13700K, 8 threads (analytic)",
        Device(
            kind="cpu",
            vendor="Intel",
            model="Core i7-13700K",
            soc="8 P cores at 5.3 GHz; the 8 E cores are not counted",
            peak_flops={"fp32": 1.357e12},
            peak_is_dense=True,
            bandwidth_bytes_per_s=89.6e9,
            power_w={"tdp": 253.0},
            facts_source=(
                "Peak: 8 cores · 5.3 GHz · 32 FLOP per cycle. Bandwidth: two channels of "
                "DDR5-5600 (tanthanhpc.vn). Power: the most in turbo, 125 W is the base "
                "(hardwaretheory.it, theregister)."
            ),
        ),
        threads=8,
    )


def _jetson_nano() -> Profile:
    return _gpu(
        "Jetson Nano, fp16 (analytic)",
        Device(
            kind="gpu",
            vendor="NVIDIA",
            model="Jetson Nano",
            soc="Tegra X1, 128 CUDA cores at 0.921 GHz",
            memory_bytes=4 * 2**30,
            peak_flops={"fp32": 236e9, "fp16": 472e9},
            peak_is_dense=True,
            bandwidth_bytes_per_s=25.6e9,
            power_w={"tdp": 10.0},
            facts_source=(
                "Peak: 128 cores · 0.921 GHz · 2 FLOP per cycle, twice that in fp16. Bandwidth, "
                "memory, which the CPU shares, and power: alldbin.com."
            ),
        ),
    )


def _jetson_orin_nano() -> Profile:
    return _gpu(
        "Jetson Orin Nano 8 GB, fp32 (analytic)",
        Device(
            kind="gpu",
            vendor="NVIDIA",
            model="Jetson Orin Nano 8 GB",
            soc="Ampere, 1024 CUDA cores at 0.625 GHz",
            memory_bytes=8 * 2**30,
            peak_flops={"fp32": 1.28e12},
            peak_is_dense=True,
            bandwidth_bytes_per_s=68e9,
            power_w={"tdp": 15.0},
            facts_source=(
                "Peak: 1024 cores · 0.625 GHz · 2 FLOP per cycle; the 40 TOPS that are advertised "
                "are int8 and sparse, 20 dense. Bandwidth and power: a copy of NVIDIA's data "
                "sheet (brojogopalsapui.com). The mode “Super” is faster."
            ),
        ),
        dtype="fp32",
    )


def _geforce() -> list[Profile]:
    facts = {  # model: peak, bandwidth, memory in GiB, power
        "GeForce RTX 3060": (12.74e12, 360e9, 12, 170.0),
        "GeForce RTX 4090": (82.58e12, 1008e9, 24, 450.0),
    }
    return [
        _gpu(
            f"{model}, fp32 (analytic)",
            Device(
                kind="gpu",
                vendor="NVIDIA",
                model=model,
                memory_bytes=gib * 2**30,
                peak_flops={"fp32": peak},
                peak_is_dense=True,
                bandwidth_bytes_per_s=bandwidth,
                power_w={"tdp": watts},
                facts_source="Peak, bandwidth, memory and power: topcpu.net, alldbin.com.",
            ),
            dtype="fp32",
        )
        for model, (peak, bandwidth, gib, watts) in facts.items()
    ]


def _h200() -> Profile:
    return _gpu(
        "NVIDIA H200 SXM, fp16 (analytic)",
        Device(
            kind="gpu",
            vendor="NVIDIA",
            model="H200 SXM",
            memory_bytes=141 * 10**9,
            peak_flops={"fp32": 67e12, "fp16": 989e12, "bf16": 989e12},
            peak_is_dense=True,
            bandwidth_bytes_per_s=4.8e12,
            power_w={"tdp": 700.0},
            facts_source=(
                "Peak, bandwidth and memory: hmc-tech.com; 1979 TFLOP/s in fp16 are sparse, half "
                "of it dense. Power: system description of MLPerf Inference 4.1."
            ),
        ),
    )


def _stm32() -> list[Profile]:
    """TinyEngine does 0.5 multiply-accumulates per cycle (0.46 to 0.57 in its README)."""
    facts = {  # model: GHz, MAC/s, RAM, flash
        "STM32F746": (0.216, 108e6, 320 * 2**10, 2**20),
        "STM32H743": (0.480, 240e6, 2**20, 2 * 2**20),
    }
    return [
        Profile(
            name=f"{model}, int8, TinyEngine (analytic)",
            device=Device(
                kind="mcu",
                vendor="STMicroelectronics",
                model=model,
                soc=f"Cortex-M7 at {1e3 * ghz:.0f} MHz",
                memory_bytes=ram,
                storage_bytes=flash,
                peak_flops={"int8": 2 * rate},
                peak_is_dense=True,
                facts_source=(
                    "Rate: clock · 0.5 multiply-accumulates per cycle, what TinyEngine reaches "
                    "with 8 networks (its README); TFLM reaches a 23rd of it. Memory and flash: "
                    "kernel documentation, 0xhenry.dev. Power: no figure that can be trusted."
                ),
            ),
            runtime=Runtime(engine="analytic", dtype="int8", batch=1, threads=1),
            provenance=Provenance(kind="analytic", tool="webnas", notes=NOT_MEASURED),
            overhead_ms=0.0,
        )
        for model, (ghz, rate, ram, flash) in facts.items()
    ]


def _gpu(name: str, device: Device, dtype: str = "fp16") -> Profile:
    return Profile(
        name=name,
        device=device,
        runtime=Runtime(engine="analytic", dtype=dtype, batch=1, threads=1),
        provenance=Provenance(kind="analytic", tool="webnas", notes=f"{NOT_MEASURED} {LAUNCHES}"),
        overhead_ms=0.0,
    )


def _profile(name: str, device: Device, *, threads: int) -> Profile:
    return Profile(
        name=name,
        device=device,
        runtime=Runtime(engine="analytic", dtype="fp32", batch=1, threads=threads),
        provenance=Provenance(kind="analytic", tool="webnas", notes=NOT_MEASURED),
        overhead_ms=0.0,
    )
