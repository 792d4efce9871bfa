// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <vector>

#include <npuwhisper/result.h>

#include "model/model.h"

namespace npuwhisper::test {

/// The shape of a widened model.
struct WideShape {
  int n_state = 0;  ///< A multiple of 64, at least the width of the source.
  int n_audio_layer = 0;
  int n_text_layer = 0;
  /// Whether the model has the mel bins and the languages of large-v3: 128 bins and Cantonese.
  bool is_v3 = false;
};

/// Writes a model of the shape `wide` with the same function as `source`, as a CTranslate2 folder.
/// `folder` must exist. In exact arithmetic, the two models produce the same text, apart from these
/// exceptions: a decoder with too few layers contains only the first layers of the source, and
/// `is_v3` interpolates the source's 80 mel bins between the 128 bins.
///
/// Each channel of the source's residual stream becomes k = wide.n_state / n_state channels with
/// equal values, which keep the mean and the variance that layer norms need. A product reads each
/// value from only one of these channels, so its weights remain those of the source. Heads and
/// hidden units are repeated. Layers whose output projections are zero fill up the layers.
///
/// If the width is not a multiple of the source's width, the other channels are zero, and the
/// stream must have a mean of 0. The projections into the stream are therefore centred. Centring
/// does not change the results of layer norms. The factors of the norms account for the variance
/// over more channels. Weights cannot centre the sum of the positions and the embeddings (encoder:
/// the convolution's output). An additional first layer therefore subtracts the sum's mean. The
/// feed-forward block of this layer depends on the scale by which its layer norm divides. The
/// positions therefore add large constants to the other channels. The constants determine the scale
/// within about 0.1 %, and the block removes them.
///
/// For a source with n layers, the encoder needs n layers, or n + 1 if the width is not a multiple.
/// Memory: a few times the largest variable. Errors: InvalidArgument (the shape does not fit),
/// Unavailable (a file cannot be read or written), those of Weights.
Result<void> write_widened_model(const Model& source, const WideShape& wide,
                                 const std::filesystem::path& folder);

/// Returns the indices of the layers of the widened decoder that contain layers of the source's
/// decoder, in the order of the source.
std::vector<int> widened_text_layers(const ModelConfig& source, const WideShape& wide);

}  // namespace npuwhisper::test
