// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/array/program_size.h"

#include <elf.h>

#include <cstring>
#include <string>

#include "emulator/array/names.h"

namespace npuwhisper::emu {
namespace {

constexpr std::size_t kHostBytesPerByte = 64;
constexpr std::size_t kInstructionBytes = 2;

}  // namespace

std::size_t host_code_bytes(std::span<const std::byte> shared_object) {
  Elf64_Ehdr header{};
  if (shared_object.size() < sizeof header) return 0;
  std::memcpy(&header, shared_object.data(), sizeof header);
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < header.e_shnum; ++i) {
    Elf64_Shdr section{};
    const std::size_t at = header.e_shoff + i * sizeof section;
    if (at > shared_object.size() || shared_object.size() - at < sizeof section) return 0;
    std::memcpy(&section, shared_object.data() + at, sizeof section);
    if ((section.sh_flags & SHF_EXECINSTR) != 0) bytes += section.sh_size;
  }
  return bytes;
}

Result<void> check_program_size(const Core& core, std::size_t host_bytes,
                                const npu::ArrayModel& array) {
  const std::size_t kernels = host_bytes / kHostBytesPerByte;
  const std::size_t own = core.program.code.size() * kInstructionBytes;
  const auto available = static_cast<std::size_t>(array.program_bytes);
  if (kernels + own <= available) return {};
  return fail(ErrorCode::InvalidArgument,
              "the program of the core of " + name_of(core.tile) + " exceeds its program memory (" +
                  std::to_string(available) + " bytes): by estimate at least " +
                  std::to_string(kernels) + " bytes of kernels (" + std::to_string(host_bytes) +
                  " on the host) and " + std::to_string(own) + " of its own");
}

}  // namespace npuwhisper::emu
