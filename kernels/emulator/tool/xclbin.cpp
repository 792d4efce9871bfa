// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/tool/xclbin.h"

#include <fstream>
#include <string>

#include "emulator/tool/program.h"
#include "emulator/tool/temporary_folder.h"

namespace npuwhisper::emu {
namespace {

namespace fs = std::filesystem;

// The places and numbers of all xclbins for NPUs; aiecc writes the same. See docs/npu.md.
constexpr char kMemory[] = R"({"mem_topology": {"m_count": "2", "m_mem_data": [
  {"m_type": "MEM_DRAM", "m_used": "1", "m_sizeKB": "0x10000", "m_tag": "HOST",
   "m_base_address": "0x4000000"},
  {"m_type": "MEM_DRAM", "m_used": "1", "m_sizeKB": "0xc000", "m_tag": "SRAM",
   "m_base_address": "0x4000000"}]}})";
constexpr int kFirstBufferOffset = 0x14;

std::string kernels(int n_buffers) {
  std::string text = R"({"ps-kernels": {"kernels": [{"name": "MLIR_AIE", "type": "dpu",
  "extended-data": {"subtype": "DPU", "functional": "0", "dpu_kernel_id": "0x901"},
  "arguments": [
    {"name": "opcode", "address-qualifier": "SCALAR", "type": "uint64_t", "offset": "0x00"},
    {"name": "instr", "memory-connection": "SRAM", "address-qualifier": "GLOBAL",
     "type": "char *", "offset": "0x08"},
    {"name": "ninstr", "address-qualifier": "SCALAR", "type": "uint32_t", "offset": "0x10"})";
  for (int i = 0; i < n_buffers; ++i) {
    char offset[16];
    std::snprintf(offset, sizeof offset, "0x%x", kFirstBufferOffset + 8 * i);
    text += ",\n    {\"name\": \"bo" + std::to_string(i) +
            "\", \"memory-connection\": \"HOST\", \"address-qualifier\": \"GLOBAL\",\n" +
            "     \"type\": \"void*\", \"offset\": \"" + offset + "\"}";
  }
  return text + R"(],
  "instances": [{"name": "MLIRAIE"}]}]}})";
}

std::string partition(int n_columns) {
  return R"({"aie_partition": {"name": "QoS", "operations_per_cycle": "2048",
  "inference_fingerprint": "23423", "pre_post_fingerprint": "12345",
  "partition": {"column_width": )" +
         std::to_string(n_columns) + R"(, "start_columns": [0]},
  "PDIs": [{"uuid": "00000000-0000-0000-0000-000000000001", "file_name": "./image.pdi",
            "cdo_groups": [{"name": "DPU", "type": "PRIMARY", "pdi_id": "0x01",
                            "dpu_kernel_ids": ["0x901"], "pre_cdo_groups": ["0xC1"]}]}]}})";
}

}  // namespace

Result<void> write_xclbin(const fs::path& path, const XclbinContents& contents) {
  const auto folder = TemporaryFolder::create();
  if (!folder) return fail(folder.error());
  const auto write = [&](const char* name, std::string_view text) {
    std::ofstream file(folder->path() / name, std::ios::binary);
    file << text;
    return file.flush().good();
  };
  const std::string_view image(reinterpret_cast<const char*>(contents.image.data()),
                               contents.image.size());
  if (!write("mem.json", kMemory) || !write("kernels.json", kernels(contents.n_buffers)) ||
      !write("partition.json", partition(contents.n_columns)) || !write("image.pdi", image)) {
    return fail(ErrorCode::Unavailable, "cannot write to " + folder->path().string());
  }
  return run_program(
      {"xclbinutil", "--add-replace-section", "MEM_TOPOLOGY:JSON:mem.json", "--add-kernel",
       "kernels.json", "--add-replace-section", "AIE_PARTITION:JSON:partition.json", "--force",
       "--output", fs::absolute(path).string()},
      folder->path().string());
}

}  // namespace npuwhisper::emu
