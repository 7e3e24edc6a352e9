"""Measured operator tables of aiconfigurator-core as profile bundles.

Tables: https://github.com/ai-dynamo/aiconfigurator (Apache-2.0), on PyPI as aiconfigurator-core.
They time matrix products, attention, mixtures of experts and all-reduces one by one, in
milliseconds (not stated there; their matrix products agree with microseconds of LLMServingSim's
profiles of the same accelerator).

What they lack is filled in, each as a guess: element-wise layers and the sampler from the data
sheet, prompts behind a context and prompts beside decode requests from simhost's analytic model,
set to meet what was measured.
"""
