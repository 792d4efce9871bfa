// SPDX-License-Identifier: LGPL-2.1-or-later
#include "captions/function_words.h"

#include <unicase.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

namespace npuwhisper {
namespace {

struct Language {
  std::string_view code;
  std::string_view words;  // Each word has a space before and after it.
};

// Words of closed classes (articles, prepositions, conjunctions, ...), as grammars list them.
// Pronouns that may end a phrase are left out.
constexpr std::array kLanguages = {
    Language{"en",
             " a an the and or but nor so yet if because although though while when where whether "
             "than as of in on at by for from with without to into onto upon over under between "
             "among through during before after about against across behind beyond near since "
             "until toward towards within my your his her its our their this these those some any "
             "every each no who which whose i he she we they is are was were am be been will would "
             "can could shall should may might must has have had do does did not very mr mrs ms dr "
             "st "},
    Language{"de",
             " der die das den dem des ein eine einen einem einer eines kein keine keinen keinem "
             "keiner und oder aber denn sondern weil dass ob wenn als wie obwohl damit bevor "
             "nachdem während in im ins an am ans auf aus bei beim bis durch für gegen hinter mit "
             "nach neben ohne seit über um unter von vom vor zu zum zur zwischen mein meine meinen "
             "meinem meiner dein deine sein seine seinen seinem seiner ihr ihre ihren ihrem ihrer "
             "unser unsere dieser diese dieses diesen diesem jeder jede jedes ich du er wir sehr "
             "herr frau dr "},
    Language{"fr",
             " le la les un une des du de d au aux et ou mais donc or ni car que qui dont où si "
             "quand comme lorsque puisque parce à dans par pour en vers avec sans sous sur chez "
             "entre contre depuis pendant avant après mon ma mes ton ta tes son sa ses notre nos "
             "votre vos leur leurs ce cet cette ces je tu il elle on nous vous ils elles ne se me "
             "te très plus m mme mlle "},
    Language{
        "es",
        " el la los las un una unos unas y e o u pero sino ni que si cuando como aunque porque "
        "mientras donde a ante bajo con contra de del al desde en entre hacia hasta para por "
        "según sin sobre tras mi mis tu tus su sus nuestro nuestra nuestros nuestras este "
        "esta estos estas ese esa esos esas cada muy más no se me te le lo les nos sr sra "},
    Language{
        "pt",
        " o a os as um uma uns umas e ou mas nem que se quando como embora porque enquanto "
        "onde de do da dos das em no na nos nas num numa ao aos à às por pelo pela pelos pelas "
        "para com sem sob sobre entre até desde contra após meu minha meus minhas teu tua seu "
        "sua seus suas nosso nossa este esta estes estas esse essa aquele aquela cada muito "
        "mais não sr sra "},
    Language{
        "it",
        " il lo la i gli le un uno una e ed o ma né che se quando come perché mentre dove di "
        "del dello della dei degli delle a al allo alla ai agli alle da dal dallo dalla dai "
        "dagli dalle in nel nello nella nei negli nelle su sul sullo sulla sui sugli sulle con "
        "per tra fra senza sotto sopra verso mio mia miei mie tuo tua suo sua suoi sue nostro "
        "nostra questo questa questi queste quel quella ogni molto più non si mi ti ci vi "},
    Language{
        "nl",
        " de het een en of maar want dat die als dan toen wanneer omdat hoewel terwijl of waar "
        "in op aan uit bij tot door voor tegen achter met na naast zonder sinds over om onder "
        "van naar tussen mijn jouw zijn haar ons onze hun deze dit elke geen ik je hij zij we "
        "wij ze niet zeer heel "},
};

constexpr std::string_view kAbbreviations =
    " mr mrs ms dr prof st sr jr vs no vol fig etc ca bzw nr hr fr mme mlle sra sta dott sig ";

std::string ascii_lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string lower_case(const std::string& text) {
  std::size_t size = 0;
  // Passes neither a language nor a normalisation form, because the listed words need none.
  const std::unique_ptr<std::uint8_t, decltype(&std::free)> lower(
      u8_tolower(reinterpret_cast<const std::uint8_t*>(text.data()), text.size(), nullptr, nullptr,
                 nullptr, &size),
      std::free);
  return lower ? std::string(reinterpret_cast<const char*>(lower.get()), size) : text;
}

// Returns `word` in lower case, without punctuation at its ends.
std::string bare(std::string_view word) {
  const auto is_part = [](unsigned char c) { return c >= 0x80 || std::isalnum(c) != 0; };
  const auto first = std::find_if(word.begin(), word.end(), is_part);
  const auto last = std::find_if(word.rbegin(), word.rend(), is_part).base();
  std::string text(first, std::max(first, last));
  const bool is_ascii = std::ranges::all_of(text, [](unsigned char c) { return c < 0x80; });
  return is_ascii ? ascii_lower_case(std::move(text)) : lower_case(text);
}

bool contains(std::string_view list, const std::string& word) {
  return !word.empty() && list.find(" " + word + " ") != std::string_view::npos;
}

}  // namespace

bool is_function_word(std::string_view word, std::string_view language) {
  const auto found = std::ranges::find(kLanguages, language, &Language::code);
  return found != kLanguages.end() && contains(found->words, bare(word));
}

bool ends_in_abbreviation(std::string_view word, std::string_view language) {
  if (!word.ends_with('.') || word.ends_with("..")) return false;
  const std::string text = bare(word);
  if (text.empty()) return false;
  if (text.find('.') != std::string::npos) return true;  // An abbreviation such as "U.S."
  if (text.size() == 1 && std::isalpha(static_cast<unsigned char>(text[0])) != 0) {
    return text != "i";  // A sentence may end in "I".
  }
  const bool is_number =
      std::ranges::all_of(text, [](unsigned char c) { return std::isdigit(c) != 0; });
  const bool is_ordinal = is_number && text.size() <= 2 && language == "de";
  return is_ordinal || contains(kAbbreviations, text);
}

}  // namespace npuwhisper
