"""Measures a model's layers on the accelerator at hand and writes a profile bundle.

`plan` says what is measured, `session` measures and keeps the results, `bench` times one thing on a
device with PyTorch. Only `bench`, `device` and what they use import PyTorch.
"""
