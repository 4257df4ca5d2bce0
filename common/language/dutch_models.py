"""Dutch for parts of models and arrays: LightGBM, safetensors and NPZ."""

from __future__ import annotations

PLACES: dict[str, str] = {
    "{}, tensor '{}'": "{}, tensor '{}'",
    "{}, tree {}": "{}, boom {}",
}

DUTCH: dict[str, str] = {
    # LightGBM
    "'monotone_constraints' does not fit the features": "'monotone_constraints' past niet bij de kenmerken",
    "'tree_sizes' in its head is no list of sizes": "'tree_sizes' in de kop is geen lijst met groottes",
    "'{}' does not belong there": "'{}' hoort daar niet",
    "'{}' in feature_infos makes no sense": "'{}' in feature_infos klopt niet",
    "'{}' in its head is '{}'": "'{}' in de kop is '{}'",
    "'{}' is missing in its head": "'{}' ontbreekt in de kop",
    "LightGBM cannot load it": "LightGBM kan het niet laden",
    "LightGBM reads it as another model than it states": (
        "LightGBM leest het als een ander model dan het opgeeft"
    ),
    "it does not begin as a LightGBM model does": "het begint niet zoals een LightGBM-model",
    "it has {} feature names for {} features": "het heeft {} namen voor {} kenmerken",
    "it has {} feature_infos for {} features": "het heeft {} feature_infos voor {} kenmerken",
    "it is cut off after its trees": "het is na de bomen afgebroken",
    "it is cut off after its trees, or holds more than its head says": (
        "het is na de bomen afgebroken, of bevat meer dan de kop zegt"
    ),
    "it is cut off: there is no tree in it": "het is afgebroken: er staat geen boom in",
    "it is not where the head says, or cut off": "hij staat niet waar de kop zegt, of is afgebroken",
    "its categories of pandas are no lists": "de categorieën van pandas zijn geen lijsten",
    "its line ends were changed or it is damaged": "de regeleinden zijn veranderd of het is beschadigd",
    "its objective '{}' is not known": "de doelfunctie '{}' is niet bekend",
    "its objective has {} classes, its head {}": "de doelfunctie heeft {} klassen, de kop {}",
    "its parameters are cut off or damaged": "de parameters zijn afgebroken of beschadigd",
    "its text is damaged": "de tekst is beschadigd",
    "its version '{}' is not known": "de versie '{}' is niet bekend",
    "more follows than LightGBM writes": "er volgt meer dan LightGBM schrijft",
    "save it with LightGBM 4": "sla het op met LightGBM 4",
    "the importance '{}' does not belong there": "het belang '{}' hoort daar niet",
    "the sigmoid of its objective is 0": "de sigmoid van de doelfunctie is 0",
    "two features share a name": "twee kenmerken hebben dezelfde naam",
    "{} trees do not fit {} classes": "{} bomen passen niet bij {} klassen",
    # One of its trees
    "'{}' has {} values instead of {}": "'{}' heeft {} waarden in plaats van {}",
    "'{}' holds an infinite number": "'{}' bevat een oneindig getal",
    "'{}' holds what is no number": "'{}' bevat iets dat geen getal is",
    "'{}' holds what is no whole number": "'{}' bevat iets dat geen geheel getal is",
    "a count is negative": "een aantal is negatief",
    "a kind of decision is not known": "een soort beslissing is niet bekend",
    "a linear model asks for a feature that the model does not have": (
        "een lineair model vraagt om een kenmerk dat het model niet heeft"
    ),
    "a node asks for a feature that the model does not have": (
        "een knoop vraagt om een kenmerk dat het model niet heeft"
    ),
    "a node has a child that does not exist": "een knoop heeft een kind dat niet bestaat",
    "a node or leaf has no parent, or several": "een knoop of blad heeft geen ouder, of meerdere",
    "it has no node but categories": "hij heeft geen knoop maar wel categorieën",
    "it has {} leaves": "hij heeft {} bladeren",
    "it holds categories that no node uses": "hij bevat categorieën die geen knoop gebruikt",
    "it is {} nodes deep": "hij is {} knopen diep",
    "its categorical nodes do not fit their number": "de categorische knopen passen niet bij hun aantal",
    "its categories are missing": "de categorieën ontbreken",
    "its categories are out of range": "de categorieën vallen buiten het bereik",
    "its linear models are not whole": "de lineaire modellen zijn niet volledig",
    "its linear models do not fit their coefficients": (
        "de lineaire modellen passen niet bij hun coëfficiënten"
    ),
    "its linear models do not fit their features": "de lineaire modellen passen niet bij hun kenmerken",
    "its nodes form a circle": "de knopen vormen een kring",
    "the bounds of its categories do not fit": "de grenzen van de categorieën kloppen niet",
    "the counts of its nodes do not add up": "de aantallen van de knopen tellen niet op",
    "the line '{}' does not belong there": "de regel '{}' hoort daar niet",
    # safetensors
    "bring fewer tensors": "breng minder tensors",
    "bring the weights": "breng de gewichten",
    "it is cut off: {} bytes are missing": "het is afgebroken: er ontbreken {} bytes",
    "it needs dtype, shape and data_offsets": "hij moet dtype, shape en data_offsets hebben",
    "its data_offsets are no begin and end": "data_offsets is geen begin en einde",
    "its head is no JSON object": "de kop is geen JSON-object",
    "its head is said to be {} bytes long, more than the file": (
        "de kop zou {} bytes lang zijn, meer dan het bestand"
    ),
    "its head is {} bytes long": "de kop is {} bytes lang",
    "its metadata are not texts": "de metagegevens zijn geen teksten",
    "its name is empty, endless or unprintable": "de naam is leeg, eindeloos of niet af te drukken",
    "its shape and type need {} bytes, its place has {}": (
        "vorm en type vragen {} bytes, de plaats heeft er {}"
    ),
    "its shape is no list of a few whole numbers": "shape is geen lijst van enkele gehele getallen",
    "its type '{}' is not known": "het type '{}' is niet bekend",
    "leaves a hole before it": "laat een gat voor zich",
    "overlaps the one before it": "overlapt de vorige",
    "store it as F32": "sla hem op als F32",
    "the tensor '{}' is damaged": "de tensor '{}' is beschadigd",
    "the tensor '{}' {}": "de tensor '{}' {}",
    "there is no tensor in it": "er staat geen tensor in",
    "{} bytes follow after its end": "na het einde volgen nog {} bytes",
    "{} tensors hold NaN or infinite numbers, the first is '{}'": (
        "{} tensors bevatten NaN of oneindige getallen, de eerste is '{}'"
    ),
    # NPZ
    "'{}' declares {} bytes and holds {}": "'{}' geeft {} bytes op en bevat er {}",
    "'{}' holds Python objects, which can run code": "'{}' bevat Python-objecten, die code kunnen uitvoeren",
    "'{}' holds records or nothing, not numbers": "'{}' bevat records of niets, geen getallen",
    "'{}' is cut off": "'{}' is afgebroken",
    "'{}' is no name of an array": "'{}' is geen naam van een array",
    "it holds more than {} arrays": "het bevat meer dan {} arrays",
    "it holds no array": "het bevat geen array",
    "its arrays declare {} MB, more than the {} MB taken in": (
        "de arrays geven {} MB op, meer dan de {} MB die worden aangenomen"
    ),
    "save it anew with numpy.savez": "sla het opnieuw op met numpy.savez",
    "save numbers or text of a fixed length": "sla getallen op, of tekst van vaste lengte",
    "save plain arrays": "sla gewone arrays op",
    "the header of '{}' is damaged": "de kop van '{}' is beschadigd",
    "the shape of '{}' makes no sense": "de vorm van '{}' klopt niet",
}
