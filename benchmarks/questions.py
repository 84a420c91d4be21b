"""The questions that the speech figures are measured with; fixed before anything was tuned."""

SYSTEM = (
    "You are a friendly voice assistant. Answer in exactly three plain spoken sentences of 40 to "
    "60 words in all. No lists, no markdown, no code."
)

# One-line questions, none of which appears in a test or was used while tuning.
SPOKEN = (
    "Why does the moon look larger near the horizon?",
    "How does a microwave oven heat food?",
    "What makes the leaves change colour in autumn?",
    "Why do cats purr?",
    "How does noise in a big city affect people?",
    "What is the difference between weather and climate?",
    "How do submarines control their depth?",
    "Why do onions make us cry?",
    "What does a database index do?",
    "How do bees find their way back to the hive?",
    "Why is sea water salty?",
    "How does a touch screen know where my finger is?",
    "What happens in the body during a fever?",
    "How do traffic lights decide when to change?",
    "Why does metal feel colder than wood?",
    "How is paper made from trees?",
    "What keeps an aeroplane in the air?",
    "Why do we have leap years?",
    "How does a password manager keep secrets safe?",
    "What is the purpose of a load balancer?",
)
