# ruff: noqa: E501 - a frame or a cue on few long lines can be compared with its neighbours
"""Words for how something is said, and the sentences that ask for it, by language.

Data of `delivery.py`: regular expressions over lower-case text without quotations.
"""

from __future__ import annotations

import re

# Cue to the words for it, all languages together; `delivery.py` gives the cues their numbers.
_WORDS = {
    "slow": r"slow(?:ly|er|ed)?|unhurried(?:ly)?|langsam\w*|lent(?:e|ement|amente|o|a)?\b|despacio"
    r"|pausad[oa]\w*|慢|ゆっくり",
    "fast": r"fast(?:er)?|quick(?:ly|er)?|rapid(?:ly)?|brisk(?:ly)?|schnell\w*|zügig\w*|vite|rapid\w*"
    r"|rápid\w*|deprisa|快(?!乐|樂|活)|早口|速く|早く|速い",
    "whisper": r"whisper\w*|flüster\w*|chuchot\w*|susurr\w*|耳语|耳語|悄悄话|悄声|ささや\w*|囁\w*",
    "soft": r"soft(?:ly|er)?|quiet(?:ly|er)?|hushed|low voice|voice (?:low|down)|leise\w*"
    r"|doucement|voix basse|moins fort|voz baja|bajito|suave\w*|小声|小聲|轻声|輕聲|低声|小さ[いな]声",
    "loud": r"loud(?:ly|er)?|shout\w*|speak up|raise your voice|laut(?!\w*los)\w*|(?<!moins )\bfort\b"
    r"|voix haute|voz alta|fuerte|大声|大聲|响亮|声音大|大き[いな]声",
    "high": r"high(?:er)?(?:[- ]pitch(?:ed)?| voice| tone)|(?:hohe?[rn]?|höhere?[rn]?) (?:stimme|ton)"
    r"|voix (?:plus )?(?:aiguë|haut perchée)|voz (?:más )?aguda|tono agudo|高音|尖细|声音高|高い(?:声|トーン)",
    "deep": r"deep(?:er|ly)?|low(?:er)?[- ](?:pitch(?:ed)?|tone)|tiefe?[rn]?|tiefere?[rn]?"
    r"|voix (?:plus )?grave|voz (?:más )?grave|profond\w*|profund\w*|低沉|低音|浑厚|低い(?:声|トーン)",
    "cheerful": r"cheer(?:ful|ily|fully|y)\w*|happ(?:y|ily|ier)|joy(?:ful|fully|ous|ously)|upbeat|brightly"
    r"|playful(?:ly)?|fröhlich\w*|heiter\w*|freudig\w*|gut gelaunt\w*|joyeu\w*|gaie?ment|enjoué\w*"
    r"|alegr\w*|content[oa]|feliz\w*|欢快|歡快|开心|開心|高兴|高興|快乐|快樂|愉快|活泼|活潑|明る[いく]"
    r"|楽しそう|楽しげ|楽しく|陽気|元気",
    "excited": r"excite\w*|high[- ]energy|enthusias\w*|energetic(?:ally)?|thrilled|lively|begeister\w*|aufgeregt\w*"
    r"|enthousias\w*|excité\w*|entusias\w*|emocionad\w*|兴奋|興奮|激动|激動|热情|熱情|わくわく",
    "calm": r"calm(?:ly|er|ing)?|relaxed|sooth\w*|serene(?:ly)?|peaceful(?:ly)?|ruhig\w*|gelassen\w*"
    r"|calme(?:ment)?|posé\w*|apaisant\w*|tranquil\w*|calmad\w*|seren[oa]\w*|平静|平靜|冷静|冷靜"
    r"|沉稳|沉穩|舒缓|落ち着い[たて]|穏やか|静か",
    "warm": r"warm(?:ly|er)?|gentl[ey]\w*|tender(?:ly)?|kindly|sanft\w*|warmherzig\w*|douce?\b|chaleureu\w*"
    r"|tendre\w*|dulce\w*|cálid\w*|cariños\w*|温柔|溫柔|温暖|溫暖|轻柔|輕柔|優し[いく]|やさし[いく]",
    "sad": r"sad(?:ly|der)?|sorrowful(?:ly)?|melanchol\w*|mournful(?:ly)?|gloomy|traurig\w*|betrübt\w*"
    r"|triste\w*|悲伤|悲傷|悲哀|难过|難過|伤心|傷心|忧伤|悲し\w*|寂し\w*",
    "angry": r"angr(?:y|ily)|furious(?:ly)?|wütend\w*|zornig\w*|en colère|fâché\w*|furieu\w*|enfadad\w*"
    r"|enojad\w*|生气|生氣|愤怒|憤怒|怒って|怒った",
    "serious": r"serious(?:ly)?|solemn(?:ly)?|grave(?:ly)?|authoritative(?:ly)?|ernst\w*|feierlich\w*"
    r"|sérieu\w*|seri[oa]\b|严肃|嚴肃|认真|庄重|真剣|厳か",
    "flat": r"monoton\w*|robotic(?:ally)?|deadpan|expressionless\w*|ausdruckslos\w*|单调|單調|棒読み",
    "plain": r"normal(?:ly)?|natural(?:ly)?|neutral(?:ly)?|正常|自然|普通|neutre|普段",
}  # fmt: skip
CUES = re.compile(
    "|".join(
        rf"(?P<{cue}>{'|'.join(rf'{_b}(?:{word})' for word in [words])})"
        for cue, words in _WORDS.items()
        for _b in [r"(?<![a-zäöüßéèàáíóúñ])"]
    )
)
_CUE = f"(?:{'|'.join(f'(?:{words})' for words in _WORDS.values())})"

# What turns a cue round: "too fast" asks for slow.
REVERSED = re.compile(
    r"(?:\btoo|(?:do not|don't|don’t|not) (?:\w+ ){0,2}?(?:so|too|that|this)|(?:less|not so)"
    r"|\bzu|nicht (?:\w+ ){0,2}?so|weniger|\btrop|si|moins|demasiado|tan|menos"
    r"|太|别(?:说|讲)?(?:得|话)?(?:这么|那么|太)?|不要(?:说|讲)?(?:得|话)?(?:这么|那么|太)?)\s*$"
)
REVERSE = {"slow": "fast", "fast": "slow", "soft": "loud", "whisper": "plain", "loud": "soft",
           "high": "deep", "deep": "high", "excited": "calm", "cheerful": "serious",
           "serious": "cheerful", "flat": "excited"}  # fmt: skip

QUOTED = re.compile(
    r"```.*?(?:```|$)|`[^`]*`|\"[^\"]*\"|“[^”]*”|„[^“”]*[“”]|«[^»]*»|「[^」]*」|『[^』]*』|《[^》]*》"
    r"|(?<!\w)'[^'\n]{2,}?'(?!\w)|‘[^’]*’(?!\w)",
    re.DOTALL,
)
SENTENCE = re.compile(r"[^.!?。！？\n]+(?:[.!?。！？]+|\n|$)")
# Sentences about speech instead of to the speaker, and tasks on a text that follows.
ABOUT = re.compile(
    r"^\s*(?:what|why|how|when|who|which|where|does|do (?:i|you|we|they|people)|did|is|are|should i"
    r"|can i|was|wie|warum|was|wer|wann|wo|soll ich|kann ich|comment|pourquoi|qu'|que |quand|qui"
    r"|cómo|¿?(?:cómo|qué|por qué|quién|cuándo|dónde))\b|什么意思|怎么|怎樣|怎样|如何|为什么|為什麼"
    r"|とは|意味|なぜ|どうやって|どうすれば|方法"
)
TASK = re.compile(
    r"^\s*(?:(?:please|bitte|请|can you|could you)\s*)?(?:translate|rewrite|correct|summari[sz]e"
    r"|proofread|paraphrase|repeat|übersetz\w*|korrigier\w*|trad(?:uis|uisez|uce|uzca)|corrig\w*"
    r"|resum\w*|翻译|翻譯|把)|(?:訳して|翻訳)"
)

_MORE = (
    r"(?:(?:very|really|more|much|an?|little|bit|lot|extra|so|too|that|quite|rather|nice|and|less|but"
    r"|always|only|even|slightly|as)[ ,]+)*"
)
_SAID = rf"(?P<said>{_MORE}{_CUE}(?:(?:,| and| but|,? et| und| y)? {_MORE}{_CUE})*)"
_END = (
    r"(?=\s*(?:$|[.,;:!?)…–—]|(?:please|and|but|so|when|while|because|to|about|from|for|with|like|as"
    r"|in|today|this|now|then|until|throughout|at|enough|whenever|since|again)\b))"
)
_ASKED = (
    r"(?:^|[,;:–—]\s*|^you |\b(?:please|(?:can|could|would|will) you|you (?:should|must|will|always"
    r"|have to|need to)|(?:want|like|need|ask|expect) you to|always|from now on|now|just|try to"
    r"|make sure (?:to|you)|don't|don’t|do not|never)\s+)(?:(?:please|always|just|now|also|kindly)\s+)*"
)
_OBJECT = (
    r"(?:\s+(?:it|this|that|them|me|us|everything|aloud|out loud|back|to me|to us|to them|to the user"
    r"|to users|to (?:the )?customers|(?:the|your) (?:answers?|text|story|poem|reply|replies|following"
    r"|responses?)))*"
)
_BETWEEN = r"(?:\s+(?!who\b|that\b|which\b|whose\b|when\b|how\b|why\b|what\b)[\w',’-]+){0,12}?"
_VOICE = r"(?:voice|tone|manner|mood|pace|speed|delivery|whisper)\b"

_DE_FILL = (
    r"(?:\s+(?:bitte|mal|doch|etwas|ein|bisschen|wenig|jetzt|es|das|mir|uns|vor|viel|sehr|ganz"
    r"|wieder|immer|ab|nun|noch|diesen|den|text|alles))*"
)
_FR_FILL = r"(?:[ -](?:moi|le|la|nous|s'il te plaît|s'il vous plaît|un|peu|très|bien|tout|ça|ce|texte|de|nouveau))*"
_ES_FILL = r"(?:\s+(?:por|favor|un|poco|más|muy|bien|todo|esto|el|texto|me|lo|siempre|de|nuevo))*"

FRAMES = tuple(
    re.compile(pattern)
    for pattern in (
        # English
        rf"{_ASKED}(?:speak|talk|sound|act){_OBJECT}\s+{_SAID}{_END}",
        rf"{_ASKED}(?:say|read|narrate|recite|explain|tell|answer|reply|respond){_OBJECT}\s+"
        rf"(?!(?:quick|fast|rapid|brisk)){_SAID}{_END}",
        rf"{_ASKED}(?:say|read|narrate|recite){_OBJECT}\s+{_SAID}{_END}",
        rf"(?:{_ASKED}|\band (?=(?:say|read|tell) (?:it|them|that)))(?:speak|talk|answer|reply|respond"
        r"|say|read|tell|narrate|explain|recite|describe|greet|continue|sing|go on)"
        rf"{_BETWEEN}\s+(?:in|with|using|at) (?P<said>(?:an? |your |the )?(?:[\w-]+(?:,| and|, and)? ){{0,4}}?"
        rf"{_VOICE})",
        rf"{_ASKED}(?:use|adopt|have|keep|put on) (?P<said>(?:an? |your )(?:[\w-]+(?:,| and)? ){{0,4}}?(?:voice"
        rf"|tone|pace)(?: (?:low|down|calm|soft|quiet))?){_END}",
        rf"\b(?:your|the) (?:voice|tone|delivery|speech|pace) (?:is|should be|must be|should sound|sounds|has"
        rf" to be|needs to be) {_SAID}{_END}",
        rf"\bmake your (?:voice|tone) {_SAID}{_END}",
        rf"^you(?:'re|’re| are)?(?: (?:speak(?:ing)?|talk(?:ing)?))? (?:way |much |far |a bit |a little )?"
        rf"(?P<said>too (?:fast|quick(?:ly)?|slow(?:ly)?|loud(?:ly)?|quiet(?:ly)?|soft(?:ly)?)){_END}",
        r"(?P<said>(?:don't|don’t|do not) (?:speak|talk|read|sound|be) (?:so|too|that|quite so) "
        rf"{_CUE}){_END}",
        r"^(?:(?:please|ok|okay|no|now|even|much|a bit|a little|bit)[, ]+)*(?P<said>(?:slower|faster"
        r"|louder|quieter|softer|calmer|happier|more (?:slowly|quietly|quickly|loudly|calmly|softly"
        r"|cheerfully)))(?:,? (?:please|now))?[.!?]*$",
        rf"{_ASKED}(?P<said>whisper|shout|speak up|raise your voice)(?: (?:it|this|that|to me|everything"
        rf"|(?:the|your) (?:answers?|replies|reply))){{0,2}}{_END}",
        rf"{_ASKED}(?P<said>slow) down(?=\s*(?:$|[.,!?]|please|a bit|a little|when))",
        # German
        rf"(?:^|[,;:]\s*|\bbitte )(?:sprich|rede|antworte|lies|erzähle?|sage?|(?:sprechen|reden|antworten"
        rf"|lesen|erzählen) sie){_DE_FILL}\s+(?P<said>(?:nicht )?(?:zu |so )?{_CUE}(?:(?:,| und) {_CUE})*)"
        r"(?=\s*(?:$|[.,;:!?]|und|vor|mit|bitte|über|auf|wenn|damit)\b|\s*$|\s*[.,;:!?])",
        r"(?:^|[,;:]\s*|\bbitte )(?:sprich|rede|antworte|lies|erzähle?|sage?|erkläre?|(?:sprechen|reden"
        r"|antworten|lesen|erzählen|erklären) sie)\b[^.!?]{0,60}?\b(?:mit|in|bei) "
        r"(?P<said>(?:[\w-]+ ){0,4}?(?:stimme|ton|tonfall|tempo))",
        rf"\b(?:kannst|könntest|können|könnten|würdest|würden) (?:du|sie)(?: bitte)?{_DE_FILL} "
        rf"(?P<said>{_CUE}) (?:sprechen|reden|antworten|vorlesen|erzählen)",
        rf"\bdu (?:sprichst|redest) (?P<said>zu {_CUE})",
        r"^(?:bitte |etwas |noch )*(?P<said>langsamer|schneller|lauter|leiser|ruhiger)(?: sprechen)?"
        r"(?:,? bitte)?[.!]*$",
        r"(?:^|[,;:]\s*|\bbitte )(?P<said>flüstere?)(?=\s*(?:$|[.,!]|bitte|mir|es|die antwort))",
        # French
        rf"(?:^|[,;:]\s*)(?:parle|parlez|réponds|répondez|lis|lisez|dis|dites|raconte|racontez){_FR_FILL}"
        rf" (?P<said>(?:plus |moins |pas (?:trop|si) |à )?{_CUE}(?:(?:,| et) {_CUE})*)"
        r"(?=\s*(?:$|[.,;:!?]|s'il|et |pour |avec ))",
        r"(?:^|[,;:]\s*)(?:parle|parlez|réponds|répondez|lis|lisez|dis|dites|raconte|racontez|explique"
        r"|expliquez)\b[^.!?]{0,60}?(?P<said>(?:d'une|d’une|avec une|à) voix (?:très |plus )?[\w]+"
        r"|(?:d'un|d’un|sur un|avec un) ton (?:très |plus )?[\w]+)",
        rf"\b(?:peux|pourrais|pouvez|pourriez)[ -](?:tu|vous) (?:parler|répondre|lire){_FR_FILL} "
        rf"(?P<said>(?:plus |moins )?{_CUE})",
        rf"\b(?:tu parles|vous parlez) (?P<said>trop {_CUE})",
        r"^(?P<said>(?:plus|moins) (?:lentement|vite|fort|doucement))(?:,? s'il (?:te|vous) plaît)?[.! ]*$",
        r"(?:^|[,;:]\s*)(?P<said>chuchotez?)(?=\s*(?:$|[.,!]|s'il|la réponse))",
        # Spanish
        rf"(?:^|[,;:¡]\s*|\bfavor,? )(?:habla|hable|háblame|responde|responda|contesta|lee|lea|di|dime|cuenta"
        rf"|cuéntame){_ES_FILL}\s+(?P<said>(?:menos )?{_CUE}(?:(?:,| y) {_CUE})*)(?=\s*(?:$|[.,;:!?]|por|y |para ))",
        r"(?:^|[,;:¡]\s*|\bfavor,? )(?:habla|hable|háblame|responde|responda|contesta|lee|lea|di|dime"
        r"|cuenta|cuéntame|explica)\b[^.!?]{0,60}?\b(?:con|en|de) (?P<said>(?:una |un )?(?:voz|tono)"
        r" (?:muy |más )?\w+)",
        rf"\b(?:puedes|podrías|puede|podría) (?:hablar|responder|leer){_ES_FILL} (?P<said>{_CUE})",
        rf"\bhablas (?P<said>demasiado {_CUE})",
        r"^¡?(?P<said>más (?:despacio|lento|rápido|alto|fuerte|bajito))(?:,? por favor)?[.! ]*$",
        r"(?:^|[,;:¡]\s*)(?P<said>susurra(?:me)?)(?=\s*(?:$|[.,!]|por favor|la respuesta))",
        # Chinese
        rf"(?:用|以)(?:一种|一種|一个|一個)?[你的很非常比较更稍微又而、，且和并]{{0,8}}"
        rf"(?P<said>{_CUE}(?:[、，而又且和并的地]{{0,4}}{_CUE}){{0,5}}"
        r"(?:的|地)?(?:语气|語氣|声音|聲音|语调|語調|口吻|嗓音|音调|方式|语速|語速|情绪|情緒|态度))",
        rf"(?:说|說|讲|講|读|讀|念|回答|回复|说话|說話|讲话)(?:得|的)?(?:再|更|稍微)?"
        rf"(?P<said>(?:太)?{_CUE})(?:一)?(?:点|點|些)(?:儿|兒)?",
        rf"(?:请|請|你|要|再|能|可以|，|^)(?:再|更|稍微)?(?P<said>(?:别太|不要太)?{_CUE}(?:慢)?)(?:一)?(?:点|點|些)?"
        r"(?:儿)?(?:地)?(?:说|說|讲|講|读|讀|念|回答|告诉|朗读)",
        r"(?:语速|語速|说话速度)(?:要|再|请|放)?(?:稍微)?(?P<said>慢|快)|放(?P<said2>慢)(?:一点|点|些)?(?:语速|語速|速度)",
        r"(?:声音|聲音|嗓音)(?:要|再|请)?(?P<said>大|小|低沉|温柔|高)(?:一)?(?:点|點|些)",
        r"^(?:请|請)?(?:再)?(?P<said>慢|快|大声|小声|轻声)(?:一)?(?:点|點|些)(?:儿)?[。！!]*$",
        # Japanese
        rf"(?P<said>(?:もっと|少し)?{_CUE}(?:めに|に|と|で|そうに)?)"
        r"(?:話し|喋っ|しゃべっ|言っ|読ん|答え|お話し|教え|説明し)(?:て|で|なさい|てください|ください)",
        rf"(?P<said>(?:[、とてくで]?{_CUE}(?:よう)?(?:な|の|げな)?){{1,6}}(?:声|トーン|口調|調子|感じ)?)で"
        r"[^。！？]{0,12}?(?:話し|喋っ|しゃべっ|言っ|読ん|答え|返事し|説明し|教え)(?:て|で)",
        r"(?P<said>ささや)(?:いて|くように(?:話|言|読))",
    )
)
