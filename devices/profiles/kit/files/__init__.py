"""The runner of a kit, as it travels: Python >= 3.8, numpy and onnxruntime, nothing of webnas."""
