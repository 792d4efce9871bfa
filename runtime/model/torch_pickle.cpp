// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/torch_pickle.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <optional>
#include <unordered_map>
#include <utility>

#include "model/pickle_reader.h"
#include "model/tensor_index.h"
#include "model/utf8.h"

namespace npuwhisper {
namespace {

using Kind = PickleValue::Kind;

Failure corrupt(const std::string& what) {
  return fail(ErrorCode::CorruptModel, "pickle: " + what);
}

struct StorageType {
  std::string_view name;
  StoredType type;
};
constexpr std::array kStorageTypes = {StorageType{"torch.FloatStorage", StoredType::F32},
                                      StorageType{"torch.HalfStorage", StoredType::F16},
                                      StorageType{"torch.BFloat16Storage", StoredType::Bf16}};

/// Maximum length of the key of a storage. PyTorch numbers the storages.
constexpr std::size_t kMaxKeyBytes = 64;

/// Returns the numbers of a tuple; nullopt if the value is not a tuple of at most kMaxRank
/// integers.
std::optional<std::vector<std::int64_t>> numbers_of(const PickleValues& values, PickleId id) {
  const PickleValue& tuple = values[id];
  if (tuple.kind != Kind::Tuple || tuple.items.size() > kMaxRank) return std::nullopt;
  std::vector<std::int64_t> numbers;
  for (const PickleId item : tuple.items) {
    if (values[item].kind != Kind::Integer) return std::nullopt;
    numbers.push_back(values[item].number);
  }
  return numbers;
}

/// Returns whether an array with these strides has its values in row-major order without gaps.
bool is_row_major(std::span<const std::int64_t> dims, std::span<const std::int64_t> strides) {
  if (dims.size() != strides.size()) return false;
  std::int64_t wanted = 1;
  for (std::size_t i = dims.size(); i-- > 0;) {
    if (dims[i] != 1 && strides[i] != wanted) return false;
    if (__builtin_mul_overflow(wanted, dims[i], &wanted)) return false;
  }
  return true;
}

/// Reads a call of torch._utils._rebuild_tensor_v2(storage, first, dims, strides, ...). The storage
/// is the persistent tuple ("storage", type, key, device, size).
Result<PickledTensor> read_tensor(const PickleValues& values, const PickleValue& call) {
  const PickleValue& arguments = values[call.items[1]];
  if (arguments.items.size() < 4) return corrupt("found a tensor without storage or size");
  const PickleValue& persistent = values[arguments.items[0]];
  if (persistent.kind != Kind::Persistent) return corrupt("found a tensor without a storage");
  const PickleValue& storage = values[persistent.items.front()];
  if (storage.kind != Kind::Tuple || storage.items.size() < 3 ||
      values[storage.items[1]].kind != Kind::Global ||
      values[storage.items[2]].kind != Kind::String) {
    return corrupt("found a storage without type or key");
  }
  const std::string& key = values[storage.items[2]].text;
  if (key.size() > kMaxKeyBytes) return corrupt("found a storage whose key is too long");
  const PickleValue& first = values[arguments.items[1]];
  auto dims = numbers_of(values, arguments.items[2]);
  const auto strides = numbers_of(values, arguments.items[3]);
  if (first.kind != Kind::Integer || first.number < 0 || !dims || !strides) {
    return corrupt("found a tensor without a size");
  }
  const std::string& type_name = values[storage.items[1]].text;
  const auto type = std::ranges::find(kStorageTypes, type_name, &StorageType::name);
  std::string unsupported;
  if (type == kStorageTypes.end()) {
    unsupported = "found a tensor in " + in_quotes(type_name) +
                  ", wanted torch.FloatStorage, HalfStorage or BFloat16Storage";
  } else if (!is_row_major(*dims, *strides)) {
    unsupported = "found values that are not in row-major order";
  }
  return PickledTensor{.unsupported = std::move(unsupported),
                       .type = type == kStorageTypes.end() ? StoredType::F32 : type->type,
                       .dims = std::move(*dims),
                       .storage = key,
                       .first = first.number};
}

/// Returns the value `id` if it is a dictionary or a call of OrderedDict. The entries of an
/// OrderedDict are set after the call. Returns nullptr for any other value.
const PickleValue* dictionary(const PickleValues& values, PickleId id) {
  const PickleValue& value = values[id];
  if (value.kind == Kind::Dictionary) return &value;
  const bool is_ordered =
      value.kind == Kind::Call && values[value.items[0]].text == "collections.OrderedDict";
  return is_ordered ? &value : nullptr;
}

/// Calls `take(key, value)` for each entry of a dictionary whose key is a string.
template <typename Take>
void each_entry(const PickleValues& values, const PickleValue& dictionary, const Take& take) {
  const auto& entries = dictionary.entries;
  for (std::size_t i = 0; i + 1 < entries.size(); i += 2) {
    if (values[entries[i]].kind == Kind::String) take(values[entries[i]].text, entries[i + 1]);
  }
}

/// Returns the value of the last entry with this key; nullopt if there is none.
std::optional<PickleId> find_entry(const PickleValues& values, const PickleValue& dictionary,
                                   std::string_view key) {
  std::optional<PickleId> found;
  each_entry(values, dictionary, [&](const std::string& name, PickleId value) {
    if (name == key) found = value;
  });
  return found;
}

/// Returns the call that creates the tensor `id`. If `id` is a call of
/// torch._utils._rebuild_parameter(), returns the call that creates the parameter's tensor. Returns
/// nullptr if `id` is not a tensor.
const PickleValue* tensor_call(const PickleValues& values, PickleId id) {
  const PickleValue* value = &values[id];
  if (value->kind != Kind::Call) return nullptr;
  const PickleValue& arguments = values[value->items[1]];
  if (values[value->items[0]].text == "torch._utils._rebuild_parameter" &&
      !arguments.items.empty()) {
    value = &values[arguments.items.front()];
    if (value->kind != Kind::Call) return nullptr;
  }
  return values[value->items[0]].text == "torch._utils._rebuild_tensor_v2" ? value : nullptr;
}

}  // namespace

Result<TorchPickle> read_torch_pickle(std::string_view pickle) {
  auto read = read_pickle(pickle);
  if (!read) return fail(read.error());
  const PickleValues& values = read->values;
  const PickleValue* state = dictionary(values, read->top);
  if (state == nullptr) return corrupt("found no dictionary, wanted a checkpoint");

  TorchPickle result;
  if (const auto dims = find_entry(values, *state, "dims"); dims && dictionary(values, *dims)) {
    each_entry(values, *dictionary(values, *dims), [&](const std::string& name, PickleId value) {
      if (values[value].kind == Kind::Integer) result.dims[name] = values[value].number;
    });
  }
  if (const auto inner = find_entry(values, *state, "model_state_dict")) {
    state = dictionary(values, *inner);
    if (state == nullptr) return corrupt("model_state_dict: found no dictionary");
  }
  Result<void> status;
  each_entry(values, *state, [&](const std::string& name, PickleId value) {
    const PickleValue* const call = tensor_call(values, value);
    if (!status || call == nullptr) return;
    if (result.tensors.size() == kMaxTensors) {
      status = corrupt("found more than " + std::to_string(kMaxTensors) + " tensors");
      return;
    }
    auto tensor = read_tensor(values, *call);
    if (tensor) {
      result.tensors[name] = std::move(*tensor);
    } else {
      status = fail(tensor.error().code, in_quotes(name) + ": " + tensor.error().message);
    }
  });
  if (!status) return fail(status.error());
  return result;
}

}  // namespace npuwhisper
