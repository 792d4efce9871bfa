# SPDX-License-Identifier: LGPL-2.1-or-later
"""Submits an instruction stream once to the NPU that XRT finds. Prints the run's state and the
first word of the output buffer as JSON.

usage: submit.py XCLBIN STREAM [LEFT_OUT...]

The input buffer is 64 words of 7, the output buffer 64 words of 1. LEFT_OUT omits a step that a
program may forget: input-sync, output-sync or stream-sync. long-stream declares the stream longer
than its buffer."""
import json
import pathlib
import struct
import sys

import pyxrt

N = 64
TO_DEVICE = pyxrt.xclBOSyncDirection.XCL_BO_SYNC_BO_TO_DEVICE
FROM_DEVICE = pyxrt.xclBOSyncDirection.XCL_BO_SYNC_BO_FROM_DEVICE


def main():
    xclbin_file, stream_file, *left_out = sys.argv[1:]
    device = pyxrt.device(0)
    xclbin = pyxrt.xclbin(xclbin_file)
    device.register_xclbin(xclbin)
    context = pyxrt.hw_context(device, xclbin.get_uuid())
    kernel = pyxrt.kernel(context, 'MLIR_AIE')
    words = pathlib.Path(stream_file).read_bytes()
    stream = pyxrt.bo(device, len(words), pyxrt.bo.cacheable, kernel.group_id(1))
    source = pyxrt.bo(device, 4 * N, pyxrt.bo.host_only, kernel.group_id(3))
    result = pyxrt.bo(device, 4 * N, pyxrt.bo.host_only, kernel.group_id(4))
    stream.write(words, 0)
    source.write(struct.pack(f'<{N}I', *[7] * N), 0)
    result.write(struct.pack(f'<{N}I', *[1] * N), 0)
    for name, buffer in (('stream-sync', stream), ('input-sync', source), ('', result)):
        if name not in left_out:
            buffer.sync(TO_DEVICE, buffer.size(), 0)
    n_words = len(words) // 4 + (1 << 20 if 'long-stream' in left_out else 0)
    state = kernel(3, stream, n_words, source, result).wait(20000)
    if 'output-sync' not in left_out:
        result.sync(FROM_DEVICE, 4 * N, 0)
    print(json.dumps({'state': state.name.removeprefix('ERT_CMD_STATE_'),
                      'output': struct.unpack('<I', bytes(result.map())[:4])[0]}))


main()
