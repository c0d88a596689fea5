"""Ids of people in Europe, one row each."""

from typing import Final

from stream_jobs.redact.id_checks import nino, snils
from stream_jobs.redact.identity import FORM, alone, beside, several_digits, stdnum

_ALONE: Final = (
    alone(
        "UK_NINO", r"[A-Za-z]{2} ?\d\d ?\d\d ?\d\d", r"[A-Z]{2} \d\d \d\d \d\d [A-D]", nino, FORM
    ),
    alone(
        "UK_DRIVING_LICENCE",
        r"[A-Z9]{5}\d{6}",
        r"[A-Z]{2,5}9{0,3}(?<=[A-Z9]{5})\d[01256]\d[0-3]\d{2}[A-Z9]{2}\d[A-Z]{2}",
        several_digits,
        FORM,
    ),
    alone("ES_NIF", r"\d{8}-?[A-Z]", r"\d{8}-?[A-HJ-NP-TV-Z]", stdnum("es.nif")),
    alone("ES_NIE", r"[XYZ]-?\d{7}-?[A-Z]", r"[XYZ]-?\d{7}-?[A-Z]", stdnum("es.nie")),
    alone(
        "IT_FISCAL_CODE",
        r"[A-Za-z]{6}\d\d[A-Za-z]",
        r"(?i:[A-Z]{6}[0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{3}[A-Z])",
        stdnum("it.codicefiscale"),
    ),
    alone(
        "FI_PERSONAL_IDENTITY_CODE",
        r"\d{6}[-+A-FU-Y]\d{3}",
        r"\d{6}[-+A-FU-Y]\d{3}[0-9A-FHJ-NPR-Y]",
        stdnum("fi.hetu"),
    ),
    alone(
        "FR_NIR",
        r"\d ?\d\d ?\d\d ?\d[\dAB] ?\d{3}",
        r"[12] ?\d\d ?[01]\d ?\d[\dAB] ?\d{3} ?\d{3} ?\d\d",
        stdnum("fr.nir"),
    ),
    alone(
        "BE_NATIONAL_NUMBER",
        r"\d\d\.\d\d\.\d\d-\d{3}",
        r"\d\d\.\d\d\.\d\d-\d{3}\.\d\d",
        stdnum("be.nn"),
    ),
    alone("CH_AHV", r"756\.\d{4}", r"756\.\d{4}\.\d{4}\.\d\d", stdnum("ch.ssn")),
    alone("CZ_BIRTH_NUMBER", r"\d{6}/\d{4}", r"\d\d[0-35678]\d[0-3]\d/\d{4}", stdnum("cz.rc")),
    alone("SE_PERSONNUMMER", r"\d{6}-\d{4}", r"(?:19|20)?\d{6}-\d{4}", stdnum("se.personnummer")),
    alone("IS_KENNITALA", r"\d{6}-\d{4}", r"\d{6}-\d{4}", stdnum("is_.kennitala")),
    alone("RU_SNILS", r"\d{3}-\d{3}-\d{3}", r"\d{3}-\d{3}-\d{3}[ -]\d\d", snils),
)

_BESIDE: Final = (
    beside(
        "UK_NINO",
        "nino|ni number|ni no|national insurance|insurance number",
        r"(?i:[A-Z]{2} ?\d\d ?\d\d ?\d\d ?[A-D])",
        nino,
    ),
    beside(
        "UK_NHS",
        "nhs patient number|nhs patient no|nhs patient|nhs",
        r"\d{3}[ -]?\d{3}[ -]?\d{4}",
        stdnum("gb.nhs"),
    ),
    beside("UK_UTR", "utr|unique taxpayer", r"\d{10}|\d{5} \d{5}", stdnum("gb.utr")),
    beside("IE_PPS", "pps|ppsn|pps number", r"\d{7}[A-W][A-IW]?", stdnum("ie.pps")),
    beside(
        "DE_TAX_ID",
        "steuer ?id|steuer ?identifikationsnummer|steuer ?ident ?nummer"
        "|steuerliche identifikationsnummer|steuer ?id ?nr|id ?nr|tin|tax id",
        r"\d\d ?\d{3} ?\d{3} ?\d{3}",
        stdnum("de.idnr"),
    ),
    beside(
        "DE_SOCIAL_SECURITY",
        "rentenversicherungsnummer|sozialversicherungsnummer|versicherungsnummer|svnr|rvnr",
        r"\d\d ?[0-3]\d[01]\d\d\d ?[A-Z] ?\d{3}",
        several_digits,
    ),
    beside(
        "DE_ID_CARD",
        "personalausweis|ausweisnummer|personalausweisnummer",
        r"[CFGHJKLMNPRTVWXYZ][CFGHJKLMNPRTVWXYZ0-9]{8}\d?|T\d{8}",
        several_digits,
    ),
    beside(
        "AT_SOCIAL_SECURITY",
        "sozialversicherungsnummer|svnr|sv nummer|versicherungsnummer",
        r"\d{4} ?\d{6}",
        stdnum("at.vnr"),
    ),
    beside("AT_TAX_ID", "steuernummer|abgabenkontonummer", r"\d\d-?\d{3}/?\d{4}", stdnum("at.tin")),
    beside(
        "CH_AHV", "ahv|avs|ahvn13|navs13", r"756[ .]?\d{4}[ .]?\d{4}[ .]?\d\d", stdnum("ch.ssn")
    ),
    beside(
        "FR_NIR",
        "nir|securite sociale|numero de secu|insee",
        r"[12][ .]?\d\d[ .]?[01]\d[ .]?\d[\dAB][ .]?\d{3}[ .]?\d{3}(?:[ .]?\d\d)?",
        stdnum("fr.nir"),
    ),
    beside(
        "FR_NIF", "numero fiscal|spi|nif", r"[0-3]\d ?\d\d ?\d{3} ?\d{3} ?\d{3}", stdnum("fr.nif")
    ),
    beside(
        "BE_NATIONAL_NUMBER",
        "rijksregisternummer|rijksregister|insz|niss|numero national|registre national"
        "|national number",
        r"\d{6}[ -]?\d{3}[ .-]?\d\d|\d\d\.\d\d\.\d\d-\d{3}\.\d\d",
        stdnum("be.nn"),
    ),
    beside(
        "NL_BSN",
        "bsn|burgerservicenummer|sofinummer",
        r"\d{9}|\d{4}[. ]\d\d[. ]\d{3}|\d{3}[. ]\d{3}[. ]\d{3}",
        stdnum("nl.bsn"),
    ),
    beside("ES_NIF", "nif|dni|cif", r"(?i:\d{8}[ -]?[A-Z])", stdnum("es.nif")),
    beside("ES_NIE", "nie", r"(?i:[XYZ][ -]?\d{7}[ -]?[A-Z])", stdnum("es.nie")),
    beside(
        "PT_NIF",
        "nif|contribuinte|numero fiscal",
        r"[1235689]\d\d[ .]?\d{3}[ .]?\d{3}",
        stdnum("pt.nif"),
    ),
    beside(
        "PT_CC", "cartao de cidadao|cartao cidadao", r"\d{8} ?\d ?[A-Z0-9]{2}\d", stdnum("pt.cc")
    ),
    beside("IT_VAT_CODE", "partita iva|p ?iva|iva", r"(?:IT)?\d{11}", stdnum("it.iva")),
    beside(
        "IT_IDENTITY_CARD", "carta d'identita|carta di identita", r"[A-Z]{2} ?\d{5,7}[A-Z]{0,2}"
    ),
    beside("PL_PESEL", "pesel", r"\d{11}", stdnum("pl.pesel")),
    beside("PL_NIP", "nip", r"\d{3}-?\d{3}-?\d\d-?\d\d|\d{3}-\d\d-\d\d-\d{3}", stdnum("pl.nip")),
    beside(
        "PL_IDENTITY_CARD", "dowod osobisty|dowodu osobistego", r"[A-Z]{3} ?\d{6}", several_digits
    ),
    beside(
        "SE_PERSONNUMMER",
        "personnummer|samordningsnummer|personal number|personal identity",
        r"(?:19|20)?\d{6}[-+ ]?\d{4}",
        stdnum("se.personnummer"),
    ),
    beside(
        "NO_FODSELSNUMMER",
        "fødselsnummer|fodselsnummer|personnummer|fnr|d nummer",
        r"\d{6} ?\d{5}",
        stdnum("no.fodselsnummer"),
    ),
    beside("DK_CPR", "cpr|personnummer", r"\d{6}[- ]?\d{4}", stdnum("dk.cpr")),
    beside("IS_KENNITALA", "kennitala|kt", r"\d{6}-?\d{4}", stdnum("is_.kennitala")),
    beside(
        "FI_PERSONAL_IDENTITY_CODE",
        "henkilotunnus|hetu|personal identity code",
        r"\d{6}[-+A-FU-Ya-fu-y]\d{3}[0-9A-Za-z]",
        stdnum("fi.hetu"),
    ),
    beside("EE_ISIKUKOOD", "isikukood|personal code", r"[1-8]\d{10}", stdnum("ee.ik")),
    beside("LT_ASMENS_KODAS", "asmens kodas|personal code", r"[1-6]\d{10}", stdnum("lt.asmens")),
    beside("LV_PERSONAS_KODS", "personas kods|personal code", r"\d{6}-?\d{5}", several_digits),
    beside(
        "CZ_BIRTH_NUMBER",
        "rodne cislo|rodneho cisla|birth number|r\\.?c\\.?",
        r"\d{6}[/ ]?\d{3,4}",
        stdnum("cz.rc"),
    ),
    beside("RO_CNP", "cnp|cod numeric personal", r"[1-9]\d{12}", stdnum("ro.cnp")),
    beside("BG_EGN", "egn|егн|personal number", r"\d{10}", stdnum("bg.egn")),
    beside("GR_AMKA", "amka|αμκα", r"\d{11}", stdnum("gr.amka")),
    beside("GR_AFM", "afm|αφμ", r"\d{9}", stdnum("gr.vat")),
    beside("HR_OIB", "oib|osobni identifikacijski broj", r"\d{11}", stdnum("hr.oib")),
    beside("SI_EMSO", "emso|jmbg|maticni broj", r"\d{13}", stdnum("si.emso")),
    beside("HU_TAX_ID", "adoazonosito|adoszam|taj szam", r"\d{10}|\d{3}[ -]?\d{3}[ -]?\d{3}"),
    beside("RU_INN", "inn|инн", r"\d{12}|\d{10}", stdnum("ru.inn")),
    beside("RU_SNILS", "snils|снилс", r"\d{3}[ -]?\d{3}[ -]?\d{3}[ -]?\d\d", snils),
    beside("UA_RNTRC", "rntrc|рнокпп|іпн|ідентифікаційний", r"\d{10}", stdnum("ua.rntrc")),
    beside("TR_NATIONAL_ID", "t\\.?c\\.? kimlik|kimlik|tckn", r"\d{11}", stdnum("tr.tckimlik")),
    beside(
        "VAT_NUMBER",
        "vat|vat id|ust ?idnr|ust ?id|umsatzsteuer|tva|btw|mwst|moms|iva",
        r"[A-Z]{2} ?[0-9A-Z]{8,12}",
        stdnum("eu.vat"),
    ),
)

EUROPE: Final = _ALONE + _BESIDE
