"""Every type of national id: a valid one is found, a wrong one and one without its word are not.

The values are made up from the rules of their type.
"""

from typing import NamedTuple

import pytest

from stream_jobs.redact.financial import FINANCIAL
from stream_jobs.redact.identity import CHECK_DIGIT
from stream_jobs.redact.national import NATIONAL
from stream_jobs.redact.scan import Scan, Scanner

SCANNER = Scanner()


class Id(NamedTuple):
    """A type, a word that says so (none: it stands alone), a value, one that is no such value.

    Without `wrong` any value of that form counts: the type has no check digit.
    """

    type: str
    word: str
    value: str
    wrong: str = ""


IDS = [
    Id("UK_NINO", "", "AB 24 15 92 C", "AB 24 15 92 E"),
    Id("UK_DRIVING_LICENCE", "", "MORGA650056SM9IJ", "MORGA650456SM9IJ"),
    Id("ES_NIF", "", "13444429D", "13444429A"),
    Id("ES_NIE", "", "X4056780V", "X4056780A"),
    Id("IT_FISCAL_CODE", "", "RSSMRA61A06H501G", "RSSMRA61A06H501A"),
    Id("FI_PERSONAL_IDENTITY_CODE", "", "131058-218E", "131058-218A"),
    Id("FR_NIR", "", "1 92 01 75 806 975 94", "1 92 01 75 806 975 90"),
    Id("BE_NATIONAL_NUMBER", "", "49.12.29-662.66", "49.12.29-662.60"),
    Id("CH_AHV", "", "756.7804.7641.47", "756.7804.7641.40"),
    Id("CZ_BIRTH_NUMBER", "", "800523/5480", "800523/5481"),
    Id("SE_PERSONNUMMER", "", "640331-7396", "640331-7390"),
    Id("IS_KENNITALA", "", "111063-8699", "111063-8691"),
    Id("RU_SNILS", "", "165-113-507 36", "165-113-507 30"),
    Id("UK_NHS", "nhs patient number", "351 563 7796", "351 563 7790"),
    Id("UK_UTR", "utr", "3133534056", "3133534050"),
    Id("IE_PPS", "pps", "9284574S", "9284574A"),
    Id("DE_TAX_ID", "steuer id", "62 410 839 650", "62 410 839 651"),
    Id("DE_SOCIAL_SECURITY", "rentenversicherungsnummer", "15090356M938", "15092356M938"),
    Id("DE_ID_CARD", "personalausweis", "L01X00T476", "L01X00A476"),
    Id("AT_SOCIAL_SECURITY", "sozialversicherungsnummer", "1566 270645", "1566 270640"),
    Id("AT_TAX_ID", "steuernummer", "46-213/7100", "46-213/7101"),
    Id("FR_NIF", "numero fiscal", "05 16 709 168 276", "05 16 709 168 270"),
    Id("NL_BSN", "bsn", "684120008", "684120000"),
    Id("PT_NIF", "nif", "209417161", "209417160"),
    Id("PT_CC", "cartao de cidadao", "602560470ZZ4", "602560470ZZ0"),
    Id("IT_VAT_CODE", "partita iva", "83253580456", "83253580450"),
    Id("IT_IDENTITY_CARD", "carta d'identita", "AB0827242"),
    Id("PL_PESEL", "pesel", "47090558415", "47090558410"),
    Id("PL_NIP", "nip", "343-872-38-25", "343-872-38-20"),
    Id("PL_IDENTITY_CARD", "dowod osobisty", "ABC426941"),
    Id("NO_FODSELSNUMMER", "fødselsnummer", "27076257634", "27076257630"),
    Id("DK_CPR", "cpr", "021074-1439", "021374-1439"),
    Id("EE_ISIKUKOOD", "isikukood", "36405122153", "36405122150"),
    Id("LT_ASMENS_KODAS", "asmens kodas", "38906249492", "38906249490"),
    Id("LV_PERSONAS_KODS", "personas kods", "040548-19306"),
    Id("RO_CNP", "cnp", "1950212457946", "1950212457940"),
    Id("BG_EGN", "egn", "8705194655", "8705194650"),
    Id("GR_AMKA", "amka", "26086878498", "26086878490"),
    Id("GR_AFM", "afm", "326061411", "326061410"),
    Id("HR_OIB", "oib", "47419850913", "47419850910"),
    Id("SI_EMSO", "emso", "2604957500200", "2604957500201"),
    Id("HU_TAX_ID", "adoazonosito", "8838966798"),
    Id("RU_INN", "inn", "057696382139", "057696382130"),
    Id("UA_RNTRC", "rntrc", "8965362227", "8965362220"),
    Id("TR_NATIONAL_ID", "t.c. kimlik", "17345167510", "17345167511"),
    Id("VAT_NUMBER", "vat", "DE166686039", "DE166686030"),
    Id("US_SSN", "", "536-67-5130", "936-67-5130"),
    Id("US_ITIN", "", "964-76-1498", "964-06-1498"),
    Id("IN_PAN", "", "ABCPK1117G", "ABCDK1117G"),
    Id("IN_GSTIN", "", "27ABCPK1002V1ZI", "27ABCPK1002V1ZA"),
    Id("IN_AADHAAR", "", "7276 5084 7711", "7276 5084 7710"),
    Id("PK_CNIC", "", "35230-7261271-7", "35230-7261271-0"),
    Id("SG_NRIC_FIN", "", "S9866525J", "S9866525A"),
    Id("HK_ID", "", "A159463(2)", "A159463(0)"),
    Id("MY_NRIC", "", "550602-14-1679", "550602-17-1679"),
    Id("TH_TNIN", "", "1-4657-10348-90-7", "1-4657-10348-90-0"),
    Id("AU_ABN", "", "54 372 520 515", "54 372 520 510"),
    Id("BR_CPF", "", "470.965.962-16", "470.965.962-10"),
    Id("BR_CNPJ", "", "01.455.059/0001-37", "01.455.059/0001-30"),
    Id("AR_CUIT", "", "20-64303964-9", "20-64303964-0"),
    Id("CL_RUT", "", "12.217.545-6", "12.217.545-0"),
    Id("DO_CEDULA", "", "044-7364990-5", "044-7364990-0"),
    Id("KR_RRN", "", "590413-1142651", "590413-1142650"),
    Id("CN_RESIDENT_ID", "", "110105199803233814", "110105199803233810"),
    Id("MX_CURP", "", "GARC450720HDFRLS08", "GARC450720HDFRLS00"),
    Id("US_EIN", "ein", "12-3428291", "17-3428291"),
    Id("US_NPI", "npi", "1734512043", "1734512040"),
    Id("US_MBI", "mbi", "1EG4TE5MK79", "1EG4TE5MB79"),
    Id("MEDICAL_LICENSE", "dea", "AB5636026", "AB5636020"),
    Id("CA_SIN", "sin", "590 225 520", "590 225 521"),
    Id("IN_VOTER", "voter", "ABC7766845"),
    Id("AU_ACN", "acn", "002 323 202", "002 323 200"),
    Id("AU_TFN", "tfn", "156 673 138", "156 673 130"),
    Id("AU_MEDICARE", "medicare", "2162 90378 6", "2162 90370 6"),
    Id("NZ_IRD", "ird", "67-425-812", "67-425-810"),
    Id("SG_UEN", "uen", "90615095K", "90615095A"),
    Id("ID_NIK", "nik", "3171011708450001", "9971011708450001"),
    Id("ID_NPWP", "npwp", "84.681.751.8-953.000", "84.681.751.0-953.000"),
    Id("PH_TIN", "philippine tin", "261-512-959-000"),
    Id("VN_ID_NUMBER", "cccd", "001057680122"),
    Id("TW_ID_NUMBER", "taiwan id", "A122387779", "A022387779"),
    Id("JP_MY_NUMBER", "my number", "4509 0426 9005", "4509 0426 9000"),
    Id("AR_DNI", "dni", "25.609.570"),
    Id("CO_NIT", "nit", "569.778.342-8", "569.778.342-0"),
    Id("CO_CEDULA", "cedula de ciudadania", "52.263.242"),
    Id("EC_CI", "cedula", "1714521935", "1714521930"),
    Id("PE_DNI", "cui", "47815236"),
    Id("UY_CI", "cedula", "6.568.671-6"),
    Id("VE_RIF", "rif", "V-22665756-4", "V-22665756-0"),
    Id("GT_NIT", "nit", "7408220-5", "7408220-0"),
    Id("CU_NI", "carne de identidad", "99092694982", "99093694982"),
    Id("MX_RFC", "rfc", "GARC430213168", "GARC430233168"),
    Id("ZA_ID_NUMBER", "id number", "9702045411081", "9702045411080"),
    Id("NG_NIN", "nin", "17538513146"),
    Id("KE_KRA_PIN", "kra pin", "A767489122F", "B767489122F"),
    Id("EG_ID_NUMBER", "egyptian id", "27801300135511", "07801300135511"),
    Id("MU_NID", "mauritius", "A300446478211G", "A300446478211A"),
    Id("IL_ID_NUMBER", "teudat zehut", "938347259", "938347250"),
    Id("US_PASSPORT", "passport", "251946474"),
    Id("IN_PASSPORT", "passport", "J37 17807", "J37 17800"),
    Id("PASSPORT", "passport", "AB0132781"),
    Id("US_DRIVER_LICENSE", "driver's license", "X091-7530-0026"),
    Id("DE_FUEHRERSCHEIN", "fuhrerschein", "B072RRE2I50"),
    Id("DRIVER_LICENSE", "permis de conduire", "20AB87379"),
    Id("NATIONAL_ID", "national id", "X3374575"),
    Id("CREDIT_CARD", "", "4111 1111 1111 1111", "4111 1111 1111 1112"),
    Id("IBAN_CODE", "", "DE89 3704 0044 0532 0130 00", "DE89 3704 0044 0532 0130 01"),
    Id("CRYPTO", "", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb"),
    Id("BIC_CODE", "SWIFT code", "DEUTDEFF"),
    Id("ABA_ROUTING_NUMBER", "routing number", "021000021", "021000022"),
    Id("US_BANK_NUMBER", "account number", "12345678"),
]


def types_in(text: str) -> dict[str, str]:
    """Return the type of each value that is found in `text`."""
    scan = Scan(text)
    SCANNER.exhaust(scan)
    return {text[span.start : span.end]: span.type for span in scan.spans()}


def beside(word: str, value: str) -> str:
    return f"{word}: {value} is right" if word else f"it is {value} here"


def test_the_table_has_every_type() -> None:
    assert sorted(row.type for row in IDS) == sorted({r.type for r in (*NATIONAL, *FINANCIAL)})


@pytest.mark.parametrize("row", IDS, ids=lambda row: row.type)
def test_a_valid_value_is_found(row: Id) -> None:
    assert types_in(beside(row.word, row.value)).get(row.value) == row.type


@pytest.mark.parametrize("row", [row for row in IDS if row.wrong], ids=lambda row: row.type)
def test_a_wrong_value_is_refused(row: Id) -> None:
    assert row.type not in types_in(beside(row.word, row.wrong)).values()


@pytest.mark.parametrize("row", [row for row in IDS if row.word], ids=lambda row: row.type)
def test_a_value_without_its_word_is_refused(row: Id) -> None:
    assert row.type not in types_in(beside("", row.value)).values()


def test_each_type_with_a_check_digit_has_a_wrong_value() -> None:
    by_length_alone = {"AR_DNI"}  # python-stdnum knows no check digit of it
    checked = {r.type for r in NATIONAL if r.proof == CHECK_DIGIT}
    assert {row.type for row in IDS if not row.wrong} & checked == by_length_alone
