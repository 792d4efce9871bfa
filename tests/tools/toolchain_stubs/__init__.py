# SPDX-License-Identifier: LGPL-2.1-or-later
"""Stand-ins for mlir-aie and Peano. They check how they are called, and refuse calls and input that
the real tools are known to refuse. Each refusal names a published log or a line of the real tool's source.

MA is the repository Xilinx/mlir-aie, LA is Xilinx/llvm-aie. How the real tools translate a core's
functions and an array program can be tested only where they are installed."""
