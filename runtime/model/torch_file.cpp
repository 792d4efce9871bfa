// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/torch_file.h"

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>

#include "model/torch_pickle.h"
#include "model/utf8.h"
#include "model/zip_directory.h"

namespace npuwhisper {
namespace {

constexpr std::string_view kPickleName = "/data.pkl";
/// Maximum size of the pickle in bytes. The pickle of a large model has about 200 KB.
constexpr std::uint64_t kMaxPickleBytes = 1 << 20;

using Members = std::map<std::string, ZipMember>;

Result<std::string> read_member(const RegularFile& file, const ZipMember& member,
                                std::uint64_t max_bytes) {
  if (member.n_bytes > max_bytes) {
    return fail(ErrorCode::CorruptModel, "found " + std::to_string(member.n_bytes) +
                                             " bytes, wanted at most " + std::to_string(max_bytes));
  }
  std::string text(static_cast<std::size_t>(member.n_bytes), '\0');
  if (auto done = file.read(member.offset, std::as_writable_bytes(std::span(text))); !done) {
    return fail(done.error());
  }
  return text;
}

Result<void> check_byte_order(const RegularFile& file, const Members& members,
                              const std::string& root) {
  const auto member = members.find(root + "/byteorder");
  if (member == members.end()) return {};  // as written before PyTorch 2.1
  const auto order = read_member(file, member->second, 16);
  if (!order) return fail(order.error().code, "byteorder: " + order.error().message);
  if (*order == "little") return {};
  return fail(ErrorCode::Unsupported,
              "byteorder: found " + in_quotes(*order) + ", wanted 'little'");
}

/// Returns the place of a tensor, whose values must be within its storage.
Result<Tensor> place_tensor(const PickledTensor& pickled, const Members& members,
                            const std::string& root) {
  if (!pickled.unsupported.empty()) return Tensor{.unsupported = pickled.unsupported};
  if (std::ranges::find(pickled.dims, 0) != pickled.dims.end()) {
    return Tensor{.unsupported = "found no values"};
  }
  const auto storage = members.find(root + "/data/" + pickled.storage);
  if (storage == members.end()) {
    return fail(ErrorCode::CorruptModel, "storage " + in_quotes(pickled.storage) + " is not there");
  }
  const std::uint64_t value_bytes = block_of(pickled.type).n_bytes;
  const auto first = static_cast<std::uint64_t>(pickled.first);
  const std::uint64_t n_storage = storage->second.n_bytes;
  if (first > n_storage / value_bytes || pickled.dims.size() > kMaxRank ||
      !stored_bytes(pickled.type, pickled.dims, n_storage - first * value_bytes)) {
    return fail(ErrorCode::CorruptModel, "found " + std::to_string(pickled.dims.size()) +
                                             " dimensions from value " + std::to_string(first) +
                                             " on, wanted a tensor within the " +
                                             std::to_string(n_storage) + " bytes of its storage");
  }
  return Tensor{.unsupported = {},
                .type = pickled.type,
                .dims = pickled.dims,
                .offset = storage->second.offset + first * value_bytes};
}

}  // namespace

Result<CheckpointDims> index_torch_file(const RegularFile& file, std::size_t number,
                                        TensorIndex& index) {
  if (!is_zip(file)) {
    return fail(ErrorCode::Unsupported,
                "found no zip archive, wanted a file of torch.save() of PyTorch 1.6 or later");
  }
  const auto members = read_zip_directory(file);
  if (!members) return fail(members.error());
  const auto found = std::ranges::find_if(
      *members, [](const auto& member) { return member.first.ends_with(kPickleName); });
  if (found == members->end()) {
    return fail(ErrorCode::Unsupported,
                "found a zip archive without data.pkl, wanted a file of "
                "torch.save() (PyTorch 1.6 or later)");
  }
  const std::string root = found->first.substr(0, found->first.size() - kPickleName.size());
  if (auto checked = check_byte_order(file, *members, root); !checked) {
    return fail(checked.error());
  }
  const auto text = read_member(file, found->second, kMaxPickleBytes);
  if (!text) return fail(text.error().code, "data.pkl: " + text.error().message);
  auto pickle = read_torch_pickle(*text);
  if (!pickle) return fail(pickle.error());
  for (const auto& [name, pickled] : pickle->tensors) {
    const std::string what = "tensor " + in_quotes(name) + ": ";
    auto tensor = place_tensor(pickled, *members, root);
    if (!tensor) return fail(tensor.error().code, what + tensor.error().message);
    tensor->file = number;
    if (index.size() == kMaxTensors || !index.emplace(name, std::move(*tensor)).second) {
      return fail(ErrorCode::CorruptModel, what + "found it twice, or found too many tensors");
    }
  }
  return std::move(pickle->dims);
}

}  // namespace npuwhisper
