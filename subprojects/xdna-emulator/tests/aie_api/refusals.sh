#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Tests that code fails to compile if it uses a feature that the generation lacks. The compiler's
# message must name the feature. Usage: refusals.sh SOURCE COMPILER...
set -u
source_folder=$1
shift
failed=0

# refuse ARCH WORDS SOURCE COMPILER...: the compiler must fail with a message that contains WORDS.
refuse() {
  arch=$1
  words=$2
  source=$3
  shift 3
  message=$(printf '#include <aie_api/aie.hpp>\n%s\n' "$source" |
    "$@" -std=c++20 -fsyntax-only -w -x c++ "-D__AIE_ARCH__=$arch" "-I$source_folder" \
      "-I$source_folder/aie_api/include" - 2>&1)
  if [ $? -eq 0 ]; then
    echo "FAIL: compiles for $arch: $source"
    failed=1
  elif ! printf '%s' "$message" | grep -q "$words"; then
    echo "FAIL: for $arch: $source: no '$words' in: $message"
    failed=1
  fi
}

shape='lacks the shape M x K x N'
refuse 20 "$shape" 'aie::mmul<8, 1, 8, bfloat16> m;' "$@"
refuse 20 "$shape" 'aie::mmul<8, 8, 16, int8> m;' "$@"
refuse 20 "$shape" 'aie::mmul<8, 8, 8, bfp16ebs8> m;' "$@"
refuse 21 "$shape" 'aie::mmul<4, 8, 4, int8> m;' "$@"
refuse 21 "$shape" 'aie::mmul<4, 16, 8, bfloat16> m;' "$@"
refuse 21 "$shape" 'aie::mmul<4, 8, 4, int8, bfloat16> m;' "$@"
refuse 20 "exp2" 'auto f() { return aie::exp2(aie::zeros<float, 16>()); }' "$@"
refuse 20 "block_vector" 'aie::block_vector<bfp16ebs8, 64> v;' "$@"
refuse 20 "not an element type" 'aie::vector<double, 8> v;' "$@"
refuse 20 "class does not fit" \
  'auto f() { return aie::mul<accfloat>(aie::zeros<int16, 16>(), aie::zeros<int16, 16>()); }' "$@"
refuse 22 "no other generation" 'int x;' "$@"
exit $failed
