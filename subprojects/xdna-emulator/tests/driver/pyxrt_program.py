# SPDX-License-Identifier: LGPL-2.1-or-later
"""A Python program that uses pyxrt to add one to 256 numbers on the scripted array.

usage: pyxrt_program.py XCLBIN
"""

import struct
import sys

import pyxrt

N = 256
ADD_ONE = 1  # Operation::AddOne in scripted_npu.h


def main():
    device = pyxrt.device(0)
    xclbin = pyxrt.xclbin(sys.argv[1])
    device.register_xclbin(xclbin)
    context = pyxrt.hw_context(device, xclbin.get_uuid())
    kernel = pyxrt.kernel(context, "MLIR_AIE")
    stream = pyxrt.bo(device, 8, pyxrt.bo.cacheable, kernel.group_id(1))
    source = pyxrt.bo(device, 4 * N, pyxrt.bo.host_only, kernel.group_id(3))
    result = pyxrt.bo(device, 4 * N, pyxrt.bo.host_only, kernel.group_id(4))
    stream.write(struct.pack("<2I", ADD_ONE, N), 0)
    source.write(struct.pack(f"<{N}I", *range(N)), 0)
    for buffer in (stream, source):
        buffer.sync(pyxrt.xclBOSyncDirection.XCL_BO_SYNC_BO_TO_DEVICE, buffer.size(), 0)
    run = kernel(3, stream, 2, source, result)
    state = run.wait(10000)
    assert state == pyxrt.ert_cmd_state.ERT_CMD_STATE_COMPLETED, state
    result.sync(pyxrt.xclBOSyncDirection.XCL_BO_SYNC_BO_FROM_DEVICE, 4 * N, 0)
    values = struct.unpack(f"<{N}I", result.map())
    assert values == tuple(range(1, N + 1)), values


main()
