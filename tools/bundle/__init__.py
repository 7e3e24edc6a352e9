"""What both tools share: the shape of a model, and profile bundles in LLMServingSim's format.

A bundle is a folder `<hardware>/<model>/<variant>/` with `meta.yaml` and one folder `tp<N>` for
each tensor-parallel degree, which holds `dense.csv`, `per_sequence.csv`, `attention.csv`, and where
they apply `moe.csv` and `all_reduce.csv`. Times are in microseconds.

Source of the format: https://github.com/casys-kaist/LLMServingSim, profiler version 1.0.0.
"""
