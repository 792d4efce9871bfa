// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

namespace npuwhisper::server {

/// The first argument of a decoder process. DecoderProcess starts this program again with this
/// argument, followed by the numbers of DecoderLimits and the id of its own process, in decimal.
inline constexpr const char* kDecoderArgument = "--decode-upload";

/// Runs the decoder process: decodes the media file on stdin, and writes its first audio track to
/// stdout as AudioPieces. If this fails, writes the reason to stderr.
/// Ends when the server ends. Before it reads the first byte of the file, limits its resources and
/// forbids itself to open files. Returns the exit status, a DecoderExit.
int decoder_main(int argc, char** argv);

}  // namespace npuwhisper::server
