// SPDX-License-Identifier: LGPL-2.1-or-later
// Prints the result of find_model() for each argument, for models_places_test.py: a line with the
// path of the model, or an empty line if there is none.
#include <iostream>

#include <npuwhisper/engine.h>

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const auto found = npuwhisper::find_model(argv[i]);
    std::cout << (found ? found->string() : "") << '\n';
  }
}
