// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/tool/stream_elf.h"

#include <elf.h>

#include <cstring>
#include <map>
#include <string>

#include "array/transaction.h"

namespace npuwhisper::emu {
namespace {

/// A place where XRT adds an argument's address to the second and third word of a shim's
/// descriptor.
struct Relocation {
  /// Byte offset in the stream at which the descriptor's first word would be. The stream contains
  /// only the second and third word.
  std::uint32_t descriptor = 0;
  int argument = 0;
  std::uint32_t offset = 0;
};

struct RelocatableStream {
  std::vector<std::uint32_t> words;
  std::vector<Relocation> relocations;
};

constexpr std::uint32_t kWordBytes = 4;
/// Bits of a descriptor's third word that belong to the address.
constexpr std::uint32_t kUpperAddressMask = 0xffff;
constexpr std::uint64_t kMaxOffset = (1U << 28) - 1;

/// Replaces every address patch with a write of the descriptor's two address words, to which XRT
/// adds the argument's address.
class Relocator {
 public:
  Result<std::vector<npu::Instruction>> relocate(std::vector<npu::Instruction> instructions) {
    for (npu::Instruction& instruction : instructions) {
      note(instruction);
      const auto* patch = std::get_if<npu::PatchAddress>(&instruction);
      if (patch == nullptr) continue;
      const auto upper = registers_.find(patch->address + kWordBytes);
      if (upper == registers_.end() || patch->offset > kMaxOffset) {
        return fail(
            ErrorCode::Unsupported,
            "the stream cannot be an ELF file: an argument's address goes into a "
            "descriptor that the stream does not write, or has an offset of 256 MiB or more");
      }
      patches_.push_back(*patch);
      instruction = npu::BlockWrite{patch->address, {0, upper->second & ~kUpperAddressMask}};
      places_.push_back(static_cast<std::size_t>(&instruction - instructions.data()));
    }
    return instructions;
  }

  const std::vector<npu::PatchAddress>& patches() const { return patches_; }
  const std::vector<std::size_t>& places() const { return places_; }

 private:
  void note(const npu::Instruction& instruction) {
    if (const auto* write = std::get_if<npu::Write32>(&instruction)) {
      registers_[write->address] = write->value;
    } else if (const auto* block = std::get_if<npu::BlockWrite>(&instruction)) {
      std::uint32_t address = block->address;
      for (const std::uint32_t value : block->values) {
        registers_[address] = value;
        address += kWordBytes;
      }
    } else if (const auto* masked = std::get_if<npu::MaskWrite>(&instruction)) {
      const auto found = registers_.find(masked->address);
      if (found != registers_.end()) {
        found->second = (found->second & ~masked->mask) | (masked->value & masked->mask);
      }
    }
  }

  std::map<std::uint32_t, std::uint32_t> registers_;
  std::vector<npu::PatchAddress> patches_;
  std::vector<std::size_t> places_;  ///< Indices of the instructions that replace the patches.
};

Result<RelocatableStream> relocatable(std::span<const std::uint32_t> stream,
                                      const npu::ArrayModel& array) {
  auto decoded = npu::decode(stream);
  if (!decoded) return fail(decoded.error());
  Relocator relocator;
  const auto instructions = relocator.relocate(std::move(*decoded));
  if (!instructions) return fail(instructions.error());
  RelocatableStream result;
  result.words = npu::encode(*instructions, array, array.n_columns);
  const std::size_t header = npu::encode({}, array, array.n_columns).size();
  std::size_t end = header;
  std::size_t next = 0;
  for (std::size_t i = 0; i < instructions->size() && next < relocator.places().size(); ++i) {
    end +=
        npu::encode(std::span(*instructions).subspan(i, 1), array, array.n_columns).size() - header;
    if (i != relocator.places()[next]) continue;
    // The block's last two words are the address words. The descriptor begins one word before them.
    const npu::PatchAddress& patch = relocator.patches()[next++];
    result.relocations.push_back({static_cast<std::uint32_t>((end - 3) * kWordBytes),
                                  patch.argument, static_cast<std::uint32_t>(patch.offset)});
  }
  return result;
}

/// Writes an ELF file of consecutive sections.
class ElfWriter {
 public:
  ElfWriter() { add("", SHT_NULL, std::vector<char>(), 0); }

  template <typename T>
  void add(const std::string& name, std::uint32_t type, const std::vector<T>& content,
           std::uint32_t link) {
    Elf32_Shdr section{};
    section.sh_name = static_cast<Elf32_Word>(names_.size());
    names_.insert(names_.end(), name.c_str(), name.c_str() + name.size() + 1);
    section.sh_type = type;
    section.sh_flags = type == SHT_NULL ? 0 : SHF_ALLOC;
    section.sh_link = link;
    section.sh_entsize = sizeof(T) > 1 ? sizeof(T) : 0;
    section.sh_addralign = kWordBytes;
    section.sh_offset = static_cast<Elf32_Off>(sizeof(Elf32_Ehdr) + body_.size());
    section.sh_size = static_cast<Elf32_Word>(content.size() * sizeof(T));
    append(content.data(), section.sh_size);
    sections_.push_back(section);
  }

  std::vector<std::byte> finish() {
    add(".shstrtab", SHT_STRTAB, std::vector<char>(), 0);
    Elf32_Shdr& table = sections_.back();
    table.sh_size = static_cast<Elf32_Word>(names_.size());
    append(names_.data(), names_.size());

    constexpr unsigned char kOsAbiAie2p = 69;
    constexpr unsigned char kAbiVersion = 1;
    constexpr Elf32_Half kMachine = 69;
    Elf32_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS32;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_ident[EI_OSABI] = kOsAbiAie2p;
    header.e_ident[EI_ABIVERSION] = kAbiVersion;
    header.e_type = ET_EXEC;
    header.e_machine = kMachine;
    header.e_version = EV_CURRENT;
    header.e_ehsize = sizeof header;
    header.e_shentsize = sizeof(Elf32_Shdr);
    header.e_shnum = static_cast<Elf32_Half>(sections_.size());
    header.e_shstrndx = static_cast<Elf32_Half>(sections_.size() - 1);
    header.e_shoff = static_cast<Elf32_Off>(sizeof header + body_.size());
    append(sections_.data(), sections_.size() * sizeof(Elf32_Shdr));
    std::vector<std::byte> file(sizeof header);
    std::memcpy(file.data(), &header, sizeof header);
    file.insert(file.end(), body_.begin(), body_.end());
    return file;
  }

 private:
  void append(const void* data, std::size_t bytes) {
    const auto* first = static_cast<const std::byte*>(data);
    if (bytes > 0) body_.insert(body_.end(), first, first + bytes);
    body_.resize((body_.size() + kWordBytes - 1) / kWordBytes * kWordBytes);
  }

  std::vector<char> names_;
  std::vector<std::byte> body_;
  std::vector<Elf32_Shdr> sections_;
};

}  // namespace

Result<std::vector<std::byte>> stream_elf(std::span<const std::uint32_t> stream,
                                          const npu::ArrayModel& array) {
  const auto relocated = relocatable(stream, array);
  if (!relocated) return fail(relocated.error());
  // Arguments 0 to 2 are the opcode, the instruction buffer and its length.
  constexpr int kFirstBufferArgument = 3;
  constexpr std::uint32_t kShimDescriptor48 = 5;
  constexpr int kSchemeBits = 4;
  constexpr Elf32_Half kText = 1;
  constexpr std::uint32_t kNamesSection = 2;
  constexpr std::uint32_t kSymbolsSection = 3;
  std::vector<char> names(1);
  std::vector<Elf32_Sym> symbols(1);
  std::map<int, std::uint32_t> symbol_of;
  std::vector<Elf32_Rela> relocations;
  for (const Relocation& relocation : relocated->relocations) {
    const auto [symbol, is_new] =
        symbol_of.emplace(relocation.argument, static_cast<std::uint32_t>(symbols.size()));
    if (is_new) {
      Elf32_Sym entry{};
      entry.st_name = static_cast<Elf32_Word>(names.size());
      entry.st_info = ELF32_ST_INFO(STB_GLOBAL, STT_OBJECT);
      entry.st_shndx = kText;
      symbols.push_back(entry);
      const std::string name = std::to_string(relocation.argument + kFirstBufferArgument);
      names.insert(names.end(), name.c_str(), name.c_str() + name.size() + 1);
    }
    relocations.push_back(
        {relocation.descriptor, ELF32_R_INFO(symbol->second, kShimDescriptor48),
         static_cast<Elf32_Sword>(relocation.offset << kSchemeBits | kShimDescriptor48)});
  }
  ElfWriter elf;
  elf.add(".ctrltext", SHT_PROGBITS, relocated->words, 0);
  elf.add(".dynstr", SHT_STRTAB, names, 0);
  elf.add(".dynsym", SHT_DYNSYM, symbols, kNamesSection);
  elf.add(".rela.dyn", SHT_RELA, relocations, kSymbolsSection);
  return elf.finish();
}

}  // namespace npuwhisper::emu
