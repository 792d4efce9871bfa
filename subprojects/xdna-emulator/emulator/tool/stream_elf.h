// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <npuwhisper/result.h>

#include "array/array_model.h"

namespace npuwhisper::emu {

/// Returns an instruction stream as an ELF file in the form that XRT's xrt::elf reads for these
/// arrays. XRT adds the arguments' addresses to the stream, at the places that the file's
/// relocations name, and submits the result unchanged. The form is that of ABI version 1, without
/// groups (source: XRT's xrt_elf.cpp and elf_patcher.cpp). Errors: those of decode(); Unsupported
/// if an argument's address goes into a descriptor that the stream itself does not write, or has an
/// offset of 256 MiB or more.
Result<std::vector<std::byte>> stream_elf(std::span<const std::uint32_t> stream,
                                          const npu::ArrayModel& array);

}  // namespace npuwhisper::emu
