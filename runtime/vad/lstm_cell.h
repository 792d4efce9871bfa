// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <span>

namespace npuwhisper {

/// Computes one step of LSTM cells from the sums of their gates: input, forget, candidate and
/// output, each for all cells. Updates the state and the hidden state of the cells (PyTorch's
/// LSTMCell):
///   state = sigmoid(forget) * state + sigmoid(input) * tanh(candidate)
///   hidden = sigmoid(output) * tanh(state)
/// `gates` is four times as long as `state` and `hidden`, whose length is a multiple of 16.
/// Thread-safe.
void update_lstm_cell(std::span<const float> gates, std::span<float> state,
                      std::span<float> hidden);

}  // namespace npuwhisper
