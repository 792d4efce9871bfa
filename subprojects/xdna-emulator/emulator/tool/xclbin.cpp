// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/tool/xclbin.h"

#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "emulator/tool/program.h"
#include "emulator/tool/temporary_folder.h"

namespace npuwhisper::emu {
namespace {

namespace fs = std::filesystem;

// Addresses and numbers that aiecc writes to every xclbin for an NPU. See docs/npu.md.
constexpr char kMemory[] = R"({"mem_topology": {"m_count": "2", "m_mem_data": [
  {"m_type": "MEM_DRAM", "m_used": "1", "m_sizeKB": "0x10000", "m_tag": "HOST",
   "m_base_address": "0x4000000"},
  {"m_type": "MEM_DRAM", "m_used": "1", "m_sizeKB": "0xc000", "m_tag": "SRAM",
   "m_base_address": "0x4000000"}]}})";
constexpr int kFirstBufferOffset = 0x14;

/// Numbers of the first kernel, configuration and group. Each further kernel, configuration or
/// group gets the next number.
constexpr int kFirstKernelId = 0x901;
constexpr int kFirstImageId = 0x01;
constexpr int kFirstGroupId = 0xC1;

std::string hexadecimal(int value) {
  char text[16];
  std::snprintf(text, sizeof text, "0x%02x", value);
  return text;
}

nlohmann::json kernel_of(const XclbinKernel& kernel, int index) {
  auto arguments = nlohmann::json::array({{{"name", "opcode"},
                                           {"address-qualifier", "SCALAR"},
                                           {"type", "uint64_t"},
                                           {"offset", "0x00"}},
                                          {{"name", "instr"},
                                           {"memory-connection", "SRAM"},
                                           {"address-qualifier", "GLOBAL"},
                                           {"type", "char *"},
                                           {"offset", "0x08"}},
                                          {{"name", "ninstr"},
                                           {"address-qualifier", "SCALAR"},
                                           {"type", "uint32_t"},
                                           {"offset", "0x10"}}});
  for (int i = 0; i < kernel.n_buffers; ++i) {
    arguments.push_back({{"name", "bo" + std::to_string(i)},
                         {"memory-connection", "HOST"},
                         {"address-qualifier", "GLOBAL"},
                         {"type", "void*"},
                         {"offset", hexadecimal(kFirstBufferOffset + 8 * i)}});
  }
  // aiecc names MLIR_AIE's instance "MLIRAIE". Instances of other kernels have arbitrary names.
  const std::string instance = kernel.name == "MLIR_AIE" ? "MLIRAIE" : kernel.name + "INST";
  return {{"name", kernel.name},
          {"type", "dpu"},
          {"extended-data",
           {{"subtype", "DPU"},
            {"functional", "0"},
            {"dpu_kernel_id", hexadecimal(kFirstKernelId + index)}}},
          {"arguments", arguments},
          {"instances", {{{"name", instance}}}}};
}

nlohmann::json image_of(int index) {
  const std::string number = std::to_string(index + 1);
  return {{"uuid", "00000000-0000-0000-0000-" + std::string(12 - number.size(), '0') + number},
          {"file_name", "./" + number + ".pdi"},
          {"cdo_groups",
           {{{"name", "DPU"},
             {"type", "PRIMARY"},
             {"pdi_id", hexadecimal(kFirstImageId + index)},
             {"dpu_kernel_ids", {hexadecimal(kFirstKernelId + index)}},
             {"pre_cdo_groups", {hexadecimal(kFirstGroupId + index)}}}}}};
}

}  // namespace

Result<void> write_xclbin(const fs::path& path, const XclbinContents& contents) {
  const auto folder = TemporaryFolder::create();
  if (!folder) return fail(folder.error());
  bool good = true;
  const auto write = [&](const std::string& name, std::string_view text) {
    std::ofstream file(folder->path() / name, std::ios::binary);
    file << text;
    good = good && file.flush().good();
  };
  auto kernels = nlohmann::json::array();
  auto images = nlohmann::json::array();
  for (std::size_t i = 0; i < contents.kernels.size(); ++i) {
    const int index = static_cast<int>(i);
    const auto bytes = contents.kernels[i].image;
    kernels.push_back(kernel_of(contents.kernels[i], index));
    images.push_back(image_of(index));
    write(std::to_string(index + 1) + ".pdi",
          {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
  const nlohmann::json partition = {
      {"aie_partition",
       {{"name", "QoS"},
        {"operations_per_cycle", "2048"},
        {"inference_fingerprint", "23423"},
        {"pre_post_fingerprint", "12345"},
        {"partition", {{"column_width", contents.n_columns}, {"start_columns", {0}}}},
        {"PDIs", images}}}};
  write("mem.json", kMemory);
  write("kernels.json", nlohmann::json{{"ps-kernels", {{"kernels", kernels}}}}.dump());
  write("partition.json", partition.dump());
  if (!good) return fail(ErrorCode::Unavailable, "cannot write to " + folder->path().string());
  return run_program(
      {"xclbinutil", "--add-replace-section", "MEM_TOPOLOGY:JSON:mem.json", "--add-kernel",
       "kernels.json", "--add-replace-section", "AIE_PARTITION:JSON:partition.json", "--force",
       "--output", fs::absolute(path).string()},
      folder->path().string());
}

}  // namespace npuwhisper::emu
