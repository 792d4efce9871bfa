// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <span>

namespace npuwhisper {

/// Computes one step of a layer of LSTM cells (PyTorch's LSTMCell). `gates` holds the sums of the
/// input, forget, candidate and output gates, in this order, each for all cells. Writes the new
/// `state` and `hidden`:
///   state = sigmoid(forget) * state + sigmoid(input) * tanh(candidate)
///   hidden = sigmoid(output) * tanh(state)
/// `gates` is four times as long as `state` and `hidden`. The length of `state` and `hidden` is a
/// multiple of 16. Thread-safe.
void update_lstm_cell(std::span<const float> gates, std::span<float> state,
                      std::span<float> hidden);

}  // namespace npuwhisper
