// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model_formats.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <random>
#include <span>
#include <utility>

namespace npuwhisper::test {
namespace {

using Dims = std::vector<std::int64_t>;

template <typename T>
void put(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

/// Returns the binary16 number with the value of `value`, a multiple of 2^-6 below 2^4.
std::uint16_t to_f16(float value) {
  if (value == 0) return 0;
  int exponent = 0;
  const float fraction = std::frexp(std::abs(value), &exponent);
  const auto bits = static_cast<unsigned>(std::lround(std::ldexp(fraction, 11)));
  return static_cast<std::uint16_t>((value < 0 ? 0x8000U : 0U) |
                                    (static_cast<unsigned>(exponent + 14) << 10) | (bits & 0x3FF));
}

std::string stored(const RawTensor& tensor, bool half) {
  std::string out;
  for (const float value : tensor.values) {
    if (half) {
      put(out, to_f16(value));
    } else {
      put(out, value);
    }
  }
  return out;
}

/// Adds tensors with values that depend on their names.
class Builder {
 public:
  void add(const std::string& name, const Dims& dims) {
    std::size_t n = 1;
    for (const std::int64_t dim : dims) n *= static_cast<std::size_t>(dim);
    std::mt19937 random(static_cast<unsigned>(std::hash<std::string>()(name)));
    RawTensor tensor{dims, std::vector<float>(n)};
    for (float& value : tensor.values) {
      value = static_cast<float>(static_cast<int>(random() % 128) - 64) / 64;
    }
    tensors_[name] = std::move(tensor);
  }
  void add_linear(const std::string& name, std::int64_t n_out, std::int64_t n_in) {
    add(name + ".weight", {n_out, n_in});
    add(name + ".bias", {n_out});
  }
  void add_norm(const std::string& name, std::int64_t n) {
    add(name + ".weight", {n});
    add(name + ".bias", {n});
  }
  void add_attention(const std::string& name, std::int64_t n) {
    add_norm(name + "_ln", n);
    add_linear(name + ".query", n, n);
    add(name + ".key.weight", {n, n});
    add_linear(name + ".value", n, n);
    add_linear(name + ".out", n, n);
  }
  RawTensors take() { return std::move(tensors_); }

 private:
  RawTensors tensors_;
};

void replace(std::string& text, std::string_view from, std::string_view to) {
  if (const auto at = text.find(from); at != std::string::npos) text.replace(at, from.size(), to);
}

}  // namespace

RawTensors small_whisper(const SmallSizes& sizes) {
  Builder builder;
  const std::int64_t n = sizes.n_state;
  builder.add("encoder.conv1.weight", {n, sizes.n_mels, 3});
  builder.add("encoder.conv1.bias", {n});
  builder.add("encoder.conv2.weight", {n, n, 3});
  builder.add("encoder.conv2.bias", {n});
  builder.add("encoder.positional_embedding", {sizes.n_audio_ctx, n});
  builder.add("decoder.token_embedding.weight", {sizes.n_vocab, n});
  builder.add("decoder.positional_embedding", {sizes.n_text_ctx, n});
  for (const auto& [stack, n_layers] :
       {std::pair("encoder", sizes.n_audio_layer), {"decoder", sizes.n_text_layer}}) {
    for (int i = 0; i < n_layers; ++i) {
      const std::string layer = std::string(stack) + ".blocks." + std::to_string(i);
      builder.add_attention(layer + ".attn", n);
      if (std::string_view(stack) == "decoder") builder.add_attention(layer + ".cross_attn", n);
      builder.add_norm(layer + ".mlp_ln", n);
      builder.add_linear(layer + ".mlp.0", 4 * n, n);
      builder.add_linear(layer + ".mlp.2", n, 4 * n);
    }
  }
  builder.add_norm("encoder.ln_post", n);
  builder.add_norm("decoder.ln", n);
  return builder.take();
}

RawTensors hugging_face_names(const RawTensors& openai) {
  constexpr std::array<std::pair<const char*, const char*>, 16> kNames = {{
      {".positional_embedding", ".embed_positions.weight"},
      {".token_embedding", ".embed_tokens"},
      {"ln_post", "layer_norm"},
      {"decoder.ln.", "decoder.layer_norm."},
      {".blocks.", ".layers."},
      {".cross_attn_ln", ".encoder_attn_layer_norm"},
      {".attn_ln", ".self_attn_layer_norm"},
      {".cross_attn", ".encoder_attn"},
      {".attn", ".self_attn"},
      {".mlp_ln", ".final_layer_norm"},
      {".mlp.0", ".fc1"},
      {".mlp.2", ".fc2"},
      {".query", ".q_proj"},
      {".key", ".k_proj"},
      {".value", ".v_proj"},
      {".out.", ".out_proj."},
  }};
  RawTensors renamed;
  for (const auto& [name, tensor] : openai) {
    std::string other = "model." + name;
    for (const auto& [from, to] : kNames) replace(other, from, to);
    renamed[other] = tensor;
  }
  return renamed;
}

std::string safetensors_file(const RawTensors& tensors, std::string_view type) {
  std::string header = R"({"__metadata__":{"format":"pt"})";
  std::string data;
  for (const auto& [name, tensor] : tensors) {
    std::string shape;
    for (const std::int64_t dim : tensor.dims) {
      shape += (shape.empty() ? "" : ",") + std::to_string(dim);
    }
    const std::size_t begin = data.size();
    data += stored(tensor, type == "F16");
    header += ",\"" + name + R"(":{"dtype":")" + std::string(type) + R"(","shape":[)" + shape +
              R"(],"data_offsets":[)" + std::to_string(begin) + "," + std::to_string(data.size()) +
              "]}";
  }
  header += "}";
  std::string file;
  put(file, std::uint64_t{header.size()});
  return file + header + data;
}

std::string hugging_face_config(const SmallSizes& sizes) {
  const std::string heads = std::to_string(sizes.n_head);
  return R"({"model_type":"whisper","encoder_attention_heads":)" + heads +
         R"(,"decoder_attention_heads":)" + heads + "}";
}

std::string zip_file(const std::vector<ZipEntry>& entries, bool zip64) {
  std::string file;
  std::string directory;
  for (const ZipEntry& entry : entries) {
    const auto n = static_cast<std::uint32_t>(entry.data.size());
    const auto n_name = static_cast<std::uint16_t>(entry.name.size());
    const std::uint64_t offset = file.size();
    const auto put_common = [&](std::string& out) {
      put(out, std::uint16_t{20});  // version needed
      put(out, entry.flags);
      put(out, entry.method);
      put(out, std::uint32_t{0});  // time and date
      put(out, std::uint32_t{0});  // CRC-32, which no reader of models checks
    };
    file += "PK\3\4";
    put_common(file);
    put(file, n);
    put(file, n);
    put(file, n_name);
    put(file, std::uint16_t{0});
    file += entry.name + entry.data;

    directory += "PK\1\2";
    put(directory, std::uint16_t{20});  // version made by
    put_common(directory);
    put(directory, zip64 ? ~std::uint32_t{0} : n);
    put(directory, zip64 ? ~std::uint32_t{0} : n);
    put(directory, n_name);
    put(directory, static_cast<std::uint16_t>(zip64 ? 28 : 0));  // extra field
    directory += std::string(10, '\0');                          // comment, disk, attributes
    put(directory, zip64 ? ~std::uint32_t{0} : static_cast<std::uint32_t>(offset));
    directory += entry.name;
    if (zip64) {
      put(directory, std::uint16_t{1});
      put(directory, std::uint16_t{24});
      for (const std::uint64_t value : {std::uint64_t{n}, std::uint64_t{n}, offset}) {
        put(directory, value);
      }
    }
  }
  const std::uint64_t begin = file.size();
  file += directory;
  if (zip64) {
    const std::uint64_t record = file.size();
    file += "PK\6\6";
    put(file, std::uint64_t{44});
    file += std::string(12, '\0');  // versions, disks
    for (const std::uint64_t value : {std::uint64_t{entries.size()}, std::uint64_t{entries.size()},
                                      std::uint64_t{directory.size()}, begin}) {
      put(file, value);
    }
    file += "PK\6\7" + std::string(4, '\0');
    put(file, record);
    put(file, std::uint32_t{1});
  }
  file += "PK\5\6" + std::string(4, '\0');
  const auto n_entries = static_cast<std::uint16_t>(zip64 ? 0xffff : entries.size());
  put(file, n_entries);
  put(file, n_entries);
  put(file, zip64 ? ~std::uint32_t{0} : static_cast<std::uint32_t>(directory.size()));
  put(file, zip64 ? ~std::uint32_t{0} : static_cast<std::uint32_t>(begin));
  put(file, std::uint16_t{0});
  return file;
}

namespace {

/// Writes pickle operations (Python's pickletools.py).
class PickleWriter {
 public:
  PickleWriter() { out_ = "\x80\x02"; }

  PickleWriter& raw(std::string_view bytes) {
    out_ += bytes;
    return *this;
  }
  PickleWriter& text(std::string_view text) {
    out_ += 'X';
    put(out_, static_cast<std::uint32_t>(text.size()));
    out_ += text;
    return *this;
  }
  PickleWriter& number(std::int64_t number) {
    out_ += 'J';
    put(out_, static_cast<std::int32_t>(number));
    return *this;
  }
  PickleWriter& tuple(std::span<const std::int64_t> numbers) {
    out_ += '(';
    for (const std::int64_t value : numbers) number(value);
    out_ += 't';
    return *this;
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

/// Appends the call that rebuilds a tensor whose storage is `key`.
void write_tensor(PickleWriter& pickle, const RawTensor& tensor, const std::string& key) {
  Dims strides(tensor.dims.size(), 1);
  for (std::size_t i = strides.size(); i-- > 1;) strides[i - 1] = strides[i] * tensor.dims[i];
  pickle.raw("ctorch._utils\n_rebuild_tensor_v2\n((").text("storage").raw("ctorch\nHalfStorage\n");
  pickle.text(key).text("cpu").number(static_cast<std::int64_t>(tensor.values.size())).raw("tQ");
  pickle.number(0).tuple(tensor.dims).tuple(strides);
  pickle.raw(
      "\x89"
      "ccollections\nOrderedDict\n)RtR");
}

}  // namespace

std::string torch_file(const RawTensors& tensors, const SmallSizes* sizes) {
  std::vector<ZipEntry> members = {{.name = "model/data.pkl", .data = {}},
                                   {.name = "model/byteorder", .data = "little"}};
  PickleWriter pickle;
  if (sizes != nullptr) {
    pickle.raw("}(").text("dims").raw("}(");
    for (const char* name : {"n_audio_head", "n_text_head"})
      pickle.text(name).number(sizes->n_head);
    pickle.raw("u").text("model_state_dict");
  }
  pickle.raw("ccollections\nOrderedDict\n)R(");
  for (const auto& [name, tensor] : tensors) {
    const std::string key = std::to_string(members.size());
    write_tensor(pickle.text(name), tensor, key);
    members.push_back({.name = "model/data/" + key, .data = stored(tensor, true)});
  }
  pickle.raw(sizes != nullptr ? "uu." : "u.");
  members.front().data = pickle.take();
  return zip_file(members, /*zip64=*/true);
}

std::string ggml_file(const RawTensors& tensors, const SmallSizes& sizes,
                      const std::vector<std::string>& tokens) {
  std::string file = "lmgg";
  for (const int value :
       {sizes.n_vocab, sizes.n_audio_ctx, sizes.n_state, sizes.n_head, sizes.n_audio_layer,
        sizes.n_text_ctx, sizes.n_state, sizes.n_head, sizes.n_text_layer, sizes.n_mels, 1}) {
    put(file, std::int32_t{value});
  }
  put(file, std::int32_t{sizes.n_mels});
  put(file, std::int32_t{201});
  file += std::string(static_cast<std::size_t>(sizes.n_mels) * 201 * sizeof(float), '\0');
  put(file, static_cast<std::int32_t>(tokens.size()));
  for (const std::string& token : tokens) {
    put(file, static_cast<std::uint32_t>(token.size()));
    file += token;
  }
  for (const auto& [name, tensor] : tensors) {
    // whisper.cpp stores the biases of the convolutions as columns.
    Dims dims = tensor.dims;
    if (name.find("conv") != std::string::npos && dims.size() == 1) dims.push_back(1);
    const bool half = tensor.dims.size() > 1 && name.find("positional") == std::string::npos;
    put(file, static_cast<std::int32_t>(dims.size()));
    put(file, static_cast<std::int32_t>(name.size()));
    put(file, std::int32_t{half});
    for (std::size_t i = dims.size(); i-- > 0;) put(file, static_cast<std::int32_t>(dims[i]));
    file += name + stored(tensor, half);
  }
  return file;
}

void write_bytes(const std::filesystem::path& file, std::string_view bytes) {
  std::ofstream stream(file, std::ios::binary);
  stream.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!stream.flush()) std::abort();
}

}  // namespace npuwhisper::test
