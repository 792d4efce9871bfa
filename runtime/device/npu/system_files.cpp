// SPDX-License-Identifier: LGPL-2.1-or-later
#include "device/npu/system_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <system_error>

namespace npuwhisper::npu_device {
namespace {

namespace fs = std::filesystem;

// CAP_IPC_LOCK of capabilities(7). The limit of locked memory does not apply to its holders.
constexpr int kCapIpcLock = 14;

std::string first_line(const fs::path& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

/// Returns the names of a folder's entries, sorted; none if the folder cannot be read.
std::vector<std::string> entries(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    names.push_back(entry->path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

bool is_present(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

/// Returns the number at the beginning of `text`, after "0x" if it is hexadecimal. Returns
/// nullopt if there is none.
template <typename Number>
std::optional<Number> number_in(std::string_view text, int base = 10) {
  if (base == 16 && text.starts_with("0x")) text.remove_prefix(2);
  Number value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  return error == std::errc{} ? std::optional(value) : std::nullopt;
}

std::vector<std::string> words(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> found;
  for (std::string word; in >> word;) found.push_back(word);
  return found;
}

}  // namespace

PciIds SystemFiles::pci_ids(const std::string& address) const {
  const fs::path folder = at("sys/bus/pci/devices") / address;
  const auto id = [&](const char* name) {
    return number_in<std::uint32_t>(first_line(folder / name), 16).value_or(0);
  };
  return {.vendor = id("vendor"), .device = id("device"), .revision = id("revision")};
}

std::vector<PciNpu> SystemFiles::npus() const {
  std::vector<PciNpu> found;
  for (const std::string& address : entries(at("sys/bus/pci/devices"))) {
    const PciIds ids = pci_ids(address);
    if (!is_npu(ids)) continue;
    std::error_code error;
    const fs::path driver = fs::read_symlink(at("sys/bus/pci/devices") / address / "driver", error);
    found.push_back({.address = address, .ids = ids, .driver = driver.filename().string()});
  }
  return found;
}

fs::path SystemFiles::device_file(const PciNpu& npu) const {
  const auto names = entries(at("sys/bus/pci/devices") / npu.address / "accel");
  return names.empty() ? fs::path() : at("dev/accel") / names.front();
}

bool SystemFiles::may_open(const fs::path& file) const {
  return access(file.c_str(), R_OK | W_OK) == 0;
}

std::string SystemFiles::group_of(const fs::path& file) const {
  struct stat status {};
  if (stat(file.c_str(), &status) != 0) return {};
  const std::string number = std::to_string(status.st_gid);
  std::ifstream groups(at("etc/group"));
  for (std::string line; std::getline(groups, line);) {
    const std::size_t name = line.find(':');
    const std::size_t id = name == std::string::npos ? name : line.find(':', name + 1);
    if (id == std::string::npos) continue;
    if (line.substr(id + 1, line.find(':', id + 1) - id - 1) == number) return line.substr(0, name);
  }
  return number;
}

std::vector<Holder> SystemFiles::holders(const fs::path& device_file) const {
  const auto own = number_in<int>(words(line_with("proc/self/status", "Pid:") + " 0").front());
  const fs::path name = fs::path("/dev/accel") / device_file.filename();
  std::vector<Holder> found;
  for (const std::string& entry : entries(at("proc"))) {
    const auto process = number_in<int>(entry);
    if (!process || process == own) continue;
    const fs::path folder = at("proc") / entry;
    for (const std::string& fd : entries(folder / "fd")) {
      std::error_code error;
      if (fs::read_symlink(folder / "fd" / fd, error) != name) continue;
      found.push_back({.process = *process, .name = first_line(folder / "comm")});
      break;
    }
  }
  return found;
}

std::string SystemFiles::power_state(const PciNpu& npu) const {
  return first_line(at("sys/bus/pci/devices") / npu.address / "power/runtime_status");
}

std::string SystemFiles::iommu_type(const PciNpu& npu) const {
  return first_line(at("sys/bus/pci/devices") / npu.address / "iommu_group/type");
}

std::string SystemFiles::kernel_release() const {
  return first_line(at("proc/sys/kernel/osrelease"));
}

std::string SystemFiles::iommu_option() const {
  for (const std::string& word : words(first_line(at("proc/cmdline")))) {
    if (word == "amd_iommu=off" || word == "iommu=off") return word;
  }
  return {};
}

bool SystemFiles::has_iommu() const {
  return !entries(at("sys/class/iommu")).empty();
}

bool SystemFiles::has_module() const {
  return is_present(at("sys/module/amdxdna"));
}

bool SystemFiles::is_virtual_machine() const {
  const auto flags = words(line_with("proc/cpuinfo", "flags"));
  return std::find(flags.begin(), flags.end(), "hypervisor") != flags.end();
}

bool SystemFiles::has_firmware(const PciNpu& npu) const {
  std::ostringstream folder;
  folder << std::hex << npu.ids.device << '_' << (npu.ids.revision < 0x10 ? "0" : "")
         << npu.ids.revision;
  const auto names = entries(at("lib/firmware/amdnpu") / folder.str());
  return std::any_of(names.begin(), names.end(),
                     [](const std::string& name) { return name.starts_with("npu"); });
}

std::optional<std::uint64_t> SystemFiles::lockable_bytes() const {
  const auto capabilities = words(line_with("proc/self/status", "CapEff:"));
  const auto bits =
      capabilities.empty() ? std::nullopt : number_in<std::uint64_t>(capabilities.front(), 16);
  if (bits && ((*bits >> kCapIpcLock) & 1) != 0) return std::nullopt;
  const auto limits = words(line_with("proc/self/limits", "Max locked memory"));
  return limits.empty() ? std::nullopt : number_in<std::uint64_t>(limits.front());
}

/// Returns the rest of the first line of `file` that begins with `prefix`; else an empty text.
std::string SystemFiles::line_with(std::string_view file, std::string_view prefix) const {
  std::ifstream in(at(file));
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with(prefix)) return line.substr(prefix.size());
  }
  return {};
}

}  // namespace npuwhisper::npu_device
