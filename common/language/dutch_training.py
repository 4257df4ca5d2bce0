"""Dutch for the sentences of the training core."""

from __future__ import annotations

DUTCH: dict[str, str] = {
    "'{}' does not fit the model that shall be trained": (
        "'{}' past niet bij het model dat getraind moet worden"
    ),
    "LightGBM cannot train on this ({})": "LightGBM kan hier niet op trainen ({})",
    "a training process ended unexpectedly": "een trainingsproces is onverwacht geëindigd",
    "another process is training in this run folder": "een ander proces traint in deze map",
    "choose from: {}": "kies uit: {}",
    "clip_norm is {}": "clip_norm is {}",
    "free some space; the run can be resumed from the checkpoint before it": (
        "maak ruimte vrij; de training kan verder vanaf het controlepunt ervoor"
    ),
    "give a number above 0, or leave it": "geef een getal boven 0, of laat het weg",
    "goal is {}": "goal is {}",
    "remainder is {}": "remainder is {}",
    "give a whole number from 1 on": "geef een geheel getal vanaf 1",
    "give a whole number from {} on": "geef een geheel getal vanaf {}",
    "give valid, or leave patience out": "geef valid, of laat patience weg",
    "lower the learning rate, set clip_norm, or look for gaps in the data": (
        "verlaag de leersnelheid, stel clip_norm in, of zoek naar gaten in de gegevens"
    ),
    "make batch_size a multiple of {}": "maak batch_size een veelvoud van {}",
    "make batch_size smaller": "maak batch_size kleiner",
    "name a run folder": "noem de map van een training",
    "name it as package.module:function": "noem hem als pakket.module:functie",
    "no checkpoint is whole ({})": "geen controlepunt is volledig ({})",
    "open it with the version of the suite that stored it, or train anew": (
        "open het met de versie van de suite die het opsloeg, of train opnieuw"
    ),
    "patience needs validation data": "patience vraagt om validatiegegevens",
    "resume it": "ga ermee verder",
    "resume with the settings and version that began this run, or start a new one": (
        "ga verder met de instellingen en de versie waarmee deze training begon, of start een nieuwe"
    ),
    "see accelerator, strategy and precision in the settings": (
        "zie accelerator, strategy en precision in de instellingen"
    ),
    "see there why, then resume the run": "zie daar waarom, en ga dan verder met de training",
    "start a new run": "start een nieuwe training",
    "the checkpoint cannot be written ({})": "het controlepunt kan niet geschreven worden ({})",
    "the data have changed since this run began": "de gegevens zijn veranderd sinds deze training begon",
    "the log cannot be written": "het logboek kan niet geschreven worden",
    "the loss became {} by step {}": "het verlies werd {} bij stap {}",
    "the metrics are not the same for every batch": "de maten zijn niet voor elke batch dezelfde",
    "the metrics cannot be written": "de maten kunnen niet geschreven worden",
    "the record cannot be read": "het verslag kan niet gelezen worden",
    "the run folder cannot be made": "de map voor de training kan niet gemaakt worden",
    "the run folder cannot be written": "de map van de training kan niet geschreven worden",
    "the trees cannot be read": "de bomen kunnen niet gelezen worden",
    "the weights do not fit this network": "de gewichten passen niet bij dit netwerk",
    "there is a run here already": "hier staat al een training",
    "there is no metric '{}' to monitor": "er is geen maat '{}' om te volgen",
    "there is no run here that could go on": "hier staat geen training die verder kan",
    "there is no task factory '{}' ({})": "er is geen taakfunctie '{}' ({})",
    "this machine cannot train so ({})": "deze computer kan zo niet trainen ({})",
    "unknown setting {}": "onbekende instelling {}",
    "{} is {}": "{} is {}",
    "{} processes cannot share a batch of {} evenly": (
        "{} processen kunnen een batch van {} niet gelijk verdelen"
    ),
    "{} processes cannot train": "{} processen kunnen niet trainen",
    "{} samples do not fill one step of {}": "{} voorbeelden vullen geen stap van {}",
}
