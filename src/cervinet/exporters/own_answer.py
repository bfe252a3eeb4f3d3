"""What the cards of formats say that give a network's own answer, before calibration."""

INPUT = {"range": [0, 255], "what": "RGB pictures after the preprocessing of this card"}

OWN_PROBABILITIES = "float32 [n, {classes}], the network's own probabilities, before the calibration of this card"
LOGITS = "float32 [n, {classes}], what the calibration of this card is for; their softmax are the probabilities"
