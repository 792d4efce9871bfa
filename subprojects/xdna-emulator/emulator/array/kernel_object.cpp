// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/array/kernel_object.h"

#include <cxxabi.h>
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>

namespace npuwhisper::emu {
namespace {

constexpr char kStateName[] = "npuwhisper_core_state";

Failure refuse(const std::string& name, const std::string& why) {
  return fail(ErrorCode::InvalidArgument, "kernel object '" + name + "': " + why);
}

template <typename T>
bool read_at(std::span<const std::byte> bytes, std::uint64_t offset, T& value) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return false;
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return true;
}

/// Returns the name at `offset` in a string table; empty if the name does not end within the table.
std::string name_at(std::span<const std::byte> bytes, const ElfW(Shdr) & table,
                    std::uint64_t offset) {
  if (offset >= table.sh_size || table.sh_offset > bytes.size() ||
      table.sh_size > bytes.size() - table.sh_offset) {
    return {};
  }
  const auto* text = reinterpret_cast<const char*>(bytes.data() + table.sh_offset);
  const std::string_view all(text, table.sh_size);
  const std::size_t end = all.find('\0', offset);
  return end == std::string_view::npos ? std::string()
                                       : std::string(all.substr(offset, end - offset));
}

/// Returns the symbols that an object exports. Refuses objects with "unique" symbols, which
/// compilers emit by default for static variables of inline functions and templates. The loader
/// would share these variables between all cores and would never unload the object.
Result<std::vector<std::string>> exported_symbols(const std::string& name,
                                                  std::span<const std::byte> bytes) {
  ElfW(Ehdr) header{};
  if (!read_at(bytes, 0, header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) {
    return refuse(name, "not an ELF shared object");
  }
  const auto section_at = [&](unsigned i, ElfW(Shdr) & section) {
    return read_at(bytes, header.e_shoff + std::uint64_t{i} * sizeof section, section);
  };
  std::vector<std::string> symbols;
  for (unsigned i = 0; i < header.e_shnum; ++i) {
    ElfW(Shdr) section{};
    ElfW(Shdr) names{};
    if (!section_at(i, section)) return refuse(name, "its section table is cut off");
    if (section.sh_type != SHT_DYNSYM) continue;
    if (!section_at(section.sh_link, names)) return refuse(name, "it has no symbol names");
    for (std::uint64_t at = 0; at + sizeof(ElfW(Sym)) <= section.sh_size; at += sizeof(ElfW(Sym))) {
      ElfW(Sym) symbol{};
      if (!read_at(bytes, section.sh_offset + at, symbol)) {
        return refuse(name, "its symbol table is cut off");
      }
      if (symbol.st_info >> 4 == STB_GNU_UNIQUE) {
        return refuse(name,
                      "it has symbols that all cores would share; compile it with "
                      "-fno-gnu-unique");
      }
      if (symbol.st_shndx == SHN_UNDEF) continue;
      symbols.push_back(name_at(bytes, names, symbol.st_name));
    }
  }
  return symbols;
}

std::string demangled(const std::string& symbol) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> text(
      abi::__cxa_demangle(symbol.c_str(), nullptr, nullptr, &status), std::free);
  return status == 0 && text ? text.get() : "";
}

bool write_all(int file, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ::ssize_t n = ::write(file, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return true;
}

}  // namespace

Result<std::unique_ptr<KernelObject>> KernelObject::load(const std::string& name,
                                                         std::span<const std::byte> shared_object) {
  auto symbols = exported_symbols(name, shared_object);
  if (!symbols) return fail(symbols.error());
  std::unique_ptr<KernelObject> object(new KernelObject(name, std::move(*symbols)));
  object->file_ = ::memfd_create(name.c_str(), MFD_CLOEXEC);
  if (object->file_ < 0 || !write_all(object->file_, shared_object)) {
    return fail(
        ErrorCode::Unavailable,
        "kernel object '" + name + "': cannot create a memory file: " + std::strerror(errno));
  }
  const std::string path = "/proc/self/fd/" + std::to_string(object->file_);
  object->handle_ = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!object->handle_) return refuse(name, ::dlerror());

  void* state = ::dlsym(object->handle_, kStateName);
  Dl_info info{};
  void* entry = nullptr;
  const bool known = state && ::dladdr1(state, &info, &entry, RTLD_DL_SYMENT) != 0;
  const auto* symbol = static_cast<const ElfW(Sym)*>(entry);
  if (!known || !symbol || symbol->st_size != sizeof(NpuWhisperCoreState)) {
    return refuse(name, std::string("it has no '") + kStateName +
                            "' of this version: build it with npuwhisper-emulate --build");
  }
  object->state_ = static_cast<NpuWhisperCoreState*>(state);
  return object;
}

KernelObject::~KernelObject() {
  if (handle_) ::dlclose(handle_);
  if (file_ >= 0) ::close(file_);
}

void* KernelObject::find(const std::string& function) const {
  if (function.find('(') == std::string::npos) return ::dlsym(handle_, function.c_str());
  const auto found = std::find_if(symbols_.begin(), symbols_.end(), [&](const std::string& symbol) {
    return demangled(symbol) == function;
  });
  return found == symbols_.end() ? nullptr : ::dlsym(handle_, found->c_str());
}

}  // namespace npuwhisper::emu
