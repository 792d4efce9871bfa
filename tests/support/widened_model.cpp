// SPDX-License-Identifier: LGPL-2.1-or-later
#include "widened_model.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "ct2_writer.h"
#include "widened_text.h"

namespace npuwhisper::test {
namespace {

/// Magnitude of the constants that the positions add to the channels that would otherwise be zero
/// (widened_model.h). It is large, because the constants must determine the scale of a layer norm.
/// The variance of the other channels is at most about 1.
constexpr float kBallast = 64;
constexpr int kMelsOfV3 = 128;

/// A row-major matrix [rows, columns]. A vector has one column.
struct Matrix {
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::vector<float> values{};

  Matrix(std::size_t n_rows, std::size_t n_columns)
      : rows(n_rows), columns(n_columns), values(n_rows * n_columns) {}
  float& at(std::size_t row, std::size_t column) { return values[row * columns + column]; }
  float at(std::size_t row, std::size_t column) const { return values[row * columns + column]; }
};

/// Widens one model. After an error, later calls do nothing, and finish() returns the error.
class Widening {
 public:
  Widening(const Model& source, const WideShape& wide, const std::filesystem::path& file)
      : source_(source),
        wide_(wide),
        file_(file, std::ios::binary),
        n_(static_cast<std::size_t>(source.config.n_state)),
        m_(static_cast<std::size_t>(wide.n_state)),
        copies_(m_ / n_),
        padding_(m_ % n_),
        // In f16, the weights of a source in f16 remain exact if they do not change.
        storage_(padding_ > 0 || wide.is_v3 || (copies_ & (copies_ - 1)) != 0 ? DataType::F32
                                                                              : DataType::F16) {}

  Result<void> run();

 private:
  Matrix read(const std::string& name);
  void write(const std::string& name, std::span<const std::int64_t> dims, const Matrix& values);
  void write(const std::string& name, const Matrix& values, std::size_t taps = 1);
  void write_vector(const std::string& name, const Matrix& values);

  Matrix repeat_rows(const Matrix& from, std::size_t blocks) const;
  Matrix spread_columns(const Matrix& from, std::size_t inputs, std::size_t wide_inputs) const;
  Matrix into_stream(Matrix from, bool centre) const;
  Matrix along_stream(const Matrix& from) const;

  void linear_inside(const std::string& from, const std::string& to, std::size_t blocks);
  void linear_into_stream(const std::string& from, const std::string& to, bool is_identity);
  void norm(const std::string& from, const std::string& to, float scale = 1);
  void convolutions();
  void positions(const std::string& name);
  void embeddings();
  void stack(const std::string& name, int n_source, const std::vector<int>& places, int n_wide);
  void layer(const std::string& from, const std::string& to, bool has_cross, bool is_identity);
  void centring_block(const std::string& to);

  const Model& source_;
  const WideShape wide_;
  std::ofstream file_;
  const std::size_t n_, m_;    // widths of the source and of the widened model
  const std::size_t copies_;   // channels with the value of one channel of the source
  const std::size_t padding_;  // channels that are zero
  const DataType storage_;
  Ct2Writer writer_;
  Result<void> result_;
};

/// Returns the index of each source layer among the n_wide layers. The source layers are spread
/// evenly after `n_before` additional layers. If there is not enough room, the last source layers
/// are left out.
std::vector<int> place_layers(int n_source, int n_wide, int n_before) {
  const int room = n_wide - n_before;
  std::vector<int> places;
  for (int i = 0; i < std::min(n_source, room); ++i) {
    places.push_back(n_before + i * room / std::min(n_source, room));
  }
  return places;
}

/// Returns a variable as a matrix: the first dimension gives the rows, all others the columns. On a
/// read error, returns zeros and stores the error in result_.
Matrix Widening::read(const std::string& name) {
  const Variable* const variable = source_.weights->find(name);
  assert(variable != nullptr);  // Model::load() has checked that all variables exist.
  const auto rows = static_cast<std::size_t>(variable->n_rows());
  Matrix matrix(rows, static_cast<std::size_t>(variable->n_elements()) / rows);
  if (!result_) return matrix;
  auto values = source_.weights->read(*variable);
  if (values) {
    matrix.values = std::move(*values);
  } else {
    result_ = fail(values.error());
  }
  return matrix;
}

void Widening::write(const std::string& name, std::span<const std::int64_t> dims,
                     const Matrix& values) {
  if (!result_) return;
  writer_.add(name, dims, storage_, values.values);
  writer_.flush(file_);
}

/// Writes a matrix. A convolution with `taps` has the dimensions [rows, columns / taps, taps].
void Widening::write(const std::string& name, const Matrix& values, std::size_t taps) {
  std::vector<std::int64_t> dims = {static_cast<std::int64_t>(values.rows),
                                    static_cast<std::int64_t>(values.columns / taps)};
  if (taps > 1) dims.push_back(static_cast<std::int64_t>(taps));
  write(name, dims, values);
}

void Widening::write_vector(const std::string& name, const Matrix& values) {
  const auto n = static_cast<std::int64_t>(values.rows);
  write(name, {&n, 1}, values);
}

/// Divides the rows into `blocks` parts. Repeats the rows of each part until the part has m / n
/// times as many rows.
Matrix Widening::repeat_rows(const Matrix& from, std::size_t blocks) const {
  const std::size_t n_block = from.rows / blocks;
  const std::size_t m_block = n_block / n_ * m_;
  Matrix to(blocks * m_block, from.columns);
  for (std::size_t row = 0; row < to.rows; ++row) {
    const std::size_t source = row / m_block * n_block + row % m_block % n_block;
    std::copy_n(&from.values[source * from.columns], from.columns, &to.at(row, 0));
  }
  return to;
}

/// Gives each row more inputs. A row reads each input from one of the input's copies, and different
/// rows read different copies.
Matrix Widening::spread_columns(const Matrix& from, std::size_t inputs,
                                std::size_t wide_inputs) const {
  const std::size_t taps = from.columns / inputs;
  Matrix to(from.rows, wide_inputs * taps);
  for (std::size_t row = 0; row < from.rows; ++row) {
    for (std::size_t i = 0; i < inputs; ++i) {
      const std::size_t copy = (row + i) % copies_;
      for (std::size_t tap = 0; tap < taps; ++tap) {
        to.at(row, (copy * inputs + i) * taps + tap) = from.at(row, i * taps + tap);
      }
    }
  }
  return to;
}

/// Turns rows, one for each channel of the stream, into rows for the channels of the wide stream.
/// If `centre`, first subtracts the mean of each column.
Matrix Widening::into_stream(Matrix from, bool centre) const {
  for (std::size_t column = 0; centre && column < from.columns; ++column) {
    double sum = 0;
    for (std::size_t row = 0; row < from.rows; ++row) sum += from.at(row, column);
    const auto mean = static_cast<float>(sum / static_cast<double>(from.rows));
    for (std::size_t row = 0; row < from.rows; ++row) from.at(row, column) -= mean;
  }
  Matrix to(m_, from.columns);
  for (std::size_t copy = 0; copy < copies_; ++copy) {
    std::ranges::copy(from.values, &to.at(copy * n_, 0));
  }
  return to;
}

/// Turns columns, one for each channel of the stream, into columns for the wide stream.
Matrix Widening::along_stream(const Matrix& from) const {
  Matrix to(from.rows, m_);
  for (std::size_t row = 0; row < from.rows; ++row) {
    for (std::size_t i = 0; i < copies_ * n_; ++i) to.at(row, i) = from.at(row, i % n_);
  }
  return to;
}

/// Widens a product from a layer norm's output to a block's inner values.
void Widening::linear_inside(const std::string& from, const std::string& to, std::size_t blocks) {
  write(to + "/weight", spread_columns(repeat_rows(read(from + "/weight"), blocks), n_, m_));
  write_vector(to + "/bias", repeat_rows(read(from + "/bias"), blocks));
}

/// Widens a product from a block's inner values to the stream. If `is_identity`, writes zeros, so
/// that the block does not change the stream.
void Widening::linear_into_stream(const std::string& from, const std::string& to,
                                  bool is_identity) {
  Matrix weight = read(from + "/weight");
  Matrix bias = read(from + "/bias");
  const std::size_t inputs = weight.columns;
  if (is_identity) {
    std::ranges::fill(weight.values, 0.0F);
    std::ranges::fill(bias.values, 0.0F);
  }
  const bool centre = padding_ > 0;
  write(to + "/weight",
        spread_columns(into_stream(std::move(weight), centre), inputs, inputs / n_ * m_));
  write_vector(to + "/bias", into_stream(std::move(bias), centre));
}

void Widening::norm(const std::string& from, const std::string& to, float scale) {
  const auto share = static_cast<float>(copies_ * n_) / static_cast<float>(m_);
  Matrix gamma = into_stream(read(from + "/gamma"), false);
  for (float& value : gamma.values) value *= std::sqrt(share) * scale;
  Matrix beta = into_stream(read(from + "/beta"), false);
  for (float& value : beta.values) value *= scale;
  write_vector(to + "/gamma", gamma);
  write_vector(to + "/beta", beta);
}

void Widening::convolutions() {
  Matrix first = repeat_rows(read("encoder/conv1/weight"), 1);
  if (wide_.is_v3) {
    // The bins of a bank are evenly spaced between 0 and the highest frequency, on the mel scale.
    const auto mels = static_cast<std::size_t>(source_.config.n_mels);
    const Matrix narrow = std::exchange(first, {m_, kMelsOfV3 * 3});
    for (std::size_t mel = 0; mel < mels; ++mel) {
      const double at =
          static_cast<double>(mel + 1) / static_cast<double>(mels + 1) * (kMelsOfV3 + 1) - 1;
      const double below = std::clamp(std::floor(at), 0.0, kMelsOfV3 - 2.0);
      const auto share = static_cast<float>(std::clamp(at - below, 0.0, 1.0));
      for (std::size_t row = 0; row < m_; ++row) {
        for (std::size_t tap = 0; tap < 3; ++tap) {
          const float weight = narrow.at(row, mel * 3 + tap);
          const std::size_t column = static_cast<std::size_t>(below) * 3 + tap;
          first.at(row, column) += (1 - share) * weight;
          first.at(row, column + 3) += share * weight;
        }
      }
    }
  }
  write("encoder/conv1/weight", first, 3);
  write_vector("encoder/conv1/bias", repeat_rows(read("encoder/conv1/bias"), 1));
  write("encoder/conv2/weight",
        spread_columns(into_stream(read("encoder/conv2/weight"), false), n_, m_), 3);
  write_vector("encoder/conv2/bias", into_stream(read("encoder/conv2/bias"), false));
}

void Widening::positions(const std::string& name) {
  Matrix wide = along_stream(read(name));
  for (std::size_t row = 0; row < wide.rows; ++row) {
    for (std::size_t i = copies_ * n_; i < m_; ++i) wide.at(row, i) = i % 2 ? kBallast : -kBallast;
  }
  write(name, wide);
}

void Widening::embeddings() {
  Matrix rows = read("decoder/embeddings/weight");
  if (wide_.is_v3) rows.values = with_cantonese(source_, rows.values);
  rows.rows = rows.values.size() / n_;
  write("decoder/embeddings/weight", along_stream(rows));
}

/// Writes a feed-forward block that subtracts the mean of the stream's channels, and the constants
/// in the zero channels.
void Widening::centring_block(const std::string& to) {
  const auto padding = static_cast<float>(padding_);
  const float scale = std::sqrt(padding / static_cast<float>(m_)) * kBallast;
  Matrix gamma(m_, 1);
  Matrix beta(m_, 1);
  Matrix in(4 * m_, m_);
  Matrix in_bias(4 * m_, 1);
  Matrix out(m_, 4 * m_);
  Matrix out_bias(m_, 1);
  // With sum S over the source's channels, the norm's outputs add up to copies * S * (padding / m)
  // / scale. GELU(x) - GELU(-x) = x.
  const float mean = static_cast<float>(m_) * scale / (static_cast<float>(n_ * copies_) * padding);
  for (std::size_t i = 0; i < m_; ++i) {
    if (i >= copies_ * n_) {
      out_bias.at(i, 0) = i % 2 ? -kBallast : kBallast;
      continue;
    }
    gamma.at(i, 0) = 1;
    in.at(0, i) = 1;
    in.at(1, i) = -1;
    out.at(i, 0) = -mean;
    out.at(i, 1) = mean;
  }
  write_vector(to + "/layer_norm/gamma", gamma);
  write_vector(to + "/layer_norm/beta", beta);
  write(to + "/linear_0/weight", in);
  write_vector(to + "/linear_0/bias", in_bias);
  write(to + "/linear_1/weight", out);
  write_vector(to + "/linear_1/bias", out_bias);
}

void Widening::layer(const std::string& from, const std::string& to, bool has_cross,
                     bool is_identity) {
  norm(from + "/self_attention/layer_norm", to + "/self_attention/layer_norm");
  linear_inside(from + "/self_attention/linear_0", to + "/self_attention/linear_0", 3);
  linear_into_stream(from + "/self_attention/linear_1", to + "/self_attention/linear_1",
                     is_identity);
  if (!has_cross) return;
  norm(from + "/attention/layer_norm", to + "/attention/layer_norm");
  linear_inside(from + "/attention/linear_0", to + "/attention/linear_0", 1);
  linear_inside(from + "/attention/linear_1", to + "/attention/linear_1", 2);
  linear_into_stream(from + "/attention/linear_2", to + "/attention/linear_2", is_identity);
}

void Widening::stack(const std::string& name, int n_source, const std::vector<int>& places,
                     int n_wide) {
  const bool is_decoder = name == "decoder";
  for (int i = 0; i < n_wide; ++i) {
    const std::string to = name + "/layer_" + std::to_string(i);
    const auto place = std::ranges::find(places, i);
    const bool is_identity = place == places.end();
    const std::string from =
        name + "/layer_" +
        std::to_string(is_identity ? i % n_source : static_cast<int>(place - places.begin()));
    layer(from, to, is_decoder, is_identity);
    if (padding_ > 0 && i == 0) {
      centring_block(to + "/ffn");
      continue;
    }
    norm(from + "/ffn/layer_norm", to + "/ffn/layer_norm");
    linear_inside(from + "/ffn/linear_0", to + "/ffn/linear_0", 1);
    linear_into_stream(from + "/ffn/linear_1", to + "/ffn/linear_1", is_identity);
  }
  // The decoder's projection to logits reads all copies, because its weights are the embeddings.
  norm(name + "/layer_norm", name + "/layer_norm",
       is_decoder ? 1 / static_cast<float>(copies_) : 1.0F);
}

Result<void> Widening::run() {
  const ModelConfig& config = source_.config;
  const int n_before = padding_ > 0 ? 1 : 0;
  if (m_ % 64 != 0 || copies_ == 0 || wide_.n_audio_layer < config.n_audio_layer + n_before ||
      wide_.n_text_layer <= n_before || (wide_.is_v3 && config.n_mels != 80)) {
    return fail(ErrorCode::InvalidArgument,
                "widened model: found " + std::to_string(wide_.n_state) + " channels, " +
                    std::to_string(wide_.n_audio_layer) + " and " +
                    std::to_string(wide_.n_text_layer) + " layers, wanted a multiple of 64 from " +
                    std::to_string(n_) + ", " + std::to_string(config.n_audio_layer + n_before) +
                    " or more and " + std::to_string(1 + n_before) + " or more layers");
  }
  writer_.add_i8("decoder/activation", 3);
  writer_.add_i8("decoder/alibi", 0);
  writer_.add_i16("decoder/alignment_heads", 1);
  writer_.add_i16("decoder/alignment_layer", -1);
  writer_.add_i8("decoder/pre_norm", 1);
  writer_.add_i8("decoder/scale_embeddings", 0);
  writer_.add_i8("decoder/start_from_zero_embedding", 0);
  writer_.add_i16("decoder/num_heads", static_cast<std::int16_t>(m_ / 64));
  writer_.add_i16("encoder/num_heads", static_cast<std::int16_t>(m_ / 64));
  convolutions();
  positions("encoder/position_encodings/encodings");
  stack("encoder", config.n_audio_layer,
        place_layers(config.n_audio_layer, wide_.n_audio_layer, n_before), wide_.n_audio_layer);
  embeddings();
  positions("decoder/position_encodings/encodings");
  stack("decoder", config.n_text_layer, widened_text_layers(config, wide_), wide_.n_text_layer);
  writer_.add_alias("decoder/projection/weight", "decoder/embeddings/weight");
  writer_.finish(file_);
  file_.close();
  if (result_ && !file_) return fail(ErrorCode::Unavailable, "model.bin cannot be written");
  return result_;
}

}  // namespace

std::vector<int> widened_text_layers(const ModelConfig& source, const WideShape& wide) {
  return place_layers(source.n_text_layer, wide.n_text_layer,
                      wide.n_state % source.n_state > 0 ? 1 : 0);
}

Result<void> write_widened_model(const Model& source, const WideShape& wide,
                                 const std::filesystem::path& folder) {
  if (auto written = Widening(source, wide, folder / "model.bin").run(); !written) return written;
  return write_widened_text(source, wide, folder);
}

}  // namespace npuwhisper::test
